// What the decoder refuses, and how it says so.
#include <gmock/gmock.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/unknown_field_set.h>
#include <gtest/gtest.h>

#include <functional>

#include "codec/codec.h"
#include "unit/codec/sample.h"

namespace heliostat::codec {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using testing::ElementsAreArray;
using testing::HasSubstr;

struct Row {
  const char* what;
  std::function<void(Units&)> break_it;
  const char* subject;
  const char* reason;
  const char* fix;
};

// `subject` must be met exactly.
void Expect(const std::vector<Row>& rows) {
  for (const Row& row : rows) {
    SCOPED_TRACE(row.what);
    Units units = SampleUnits();
    row.break_it(units);
    const Result<config::Config> config = Decode(units);
    ASSERT_FALSE(config.ok());
    EXPECT_EQ(config.status().subject(), row.subject);
    EXPECT_THAT(config.status().reason(), HasSubstr(row.reason));
    EXPECT_THAT(config.status().fix(), HasSubstr(row.fix));
  }
}

v1::Rule& InRule(Units& u) { return *u[7].mutable_rules()->mutable_rules(0); }

void AddUnknown(Message& message, std::uint32_t field, std::uint64_t value) {
  message.GetReflection()->MutableUnknownFields(&message)->AddVarint(static_cast<int>(field), value);
}

void AddText(Message& message, std::uint32_t field, const std::string& value) {
  message.GetReflection()->MutableUnknownFields(&message)->AddLengthDelimited(static_cast<int>(field), value);
}

TEST(ConfigDecoder, RefusesNumbersOutOfRange) {
  Expect({
      {"number", [](Units& u) { InRule(u).set_number(65536); }, "filter \"web\" inbound rule 65536 number", "65536",
       "at most 65535"},
      {"protocol", [](Units& u) { InRule(u).set_protocol(256); }, "filter \"web\" inbound rule 10 protocol", "256",
       "255"},
      {"port", [](Units& u) { InRule(u).mutable_destination_ports()->set_last(65536); },
       "filter \"web\" inbound rule 10 destination_ports last", "65536", "65535"},
      {"vlan", [](Units& u) { InRule(u).mutable_vlan_ids(0)->set_last(4096); },
       "filter \"web\" inbound rule 10 vlan_ids last", "4096", "4095"},
      {"dscp", [](Units& u) { InRule(u).set_dscp(64); }, "filter \"web\" inbound rule 10 dscp", "64", "63"},
      {"ether type", [](Units& u) { InRule(u).set_ether_type(65536); }, "filter \"web\" inbound rule 10 ether_type",
       "65536", "65535"},
      {"flags", [](Units& u) { InRule(u).mutable_tcp_flags()->set_mask(256); },
       "filter \"web\" inbound rule 10 tcp_flags mask", "256", "255"},
      {"prefix", [](Units& u) { InRule(u).mutable_source()->set_length(33); },
       "filter \"web\" inbound rule 10 source length", "33", "32"},
      {"ttl", [](Units& u) { u[3].mutable_target()->set_ttl(256); }, "target \"zeek\" ttl", "256", "255"},
      {"mtu", [](Units& u) { u[2].mutable_underlay()->set_mtu(65536); }, "underlay \"wire1\" mtu", "65536", "65535"},
      {"session", [](Units& u) { u[9].mutable_session()->set_number(32767); }, "session \"s1\" number", "32767",
       "32766"},
      {"tier", [](Units& u) { u[9].mutable_session()->set_tier(4); }, "session \"s1\" tier", "it is 4", "at most 3"},
      {"percent", [](Units& u) { u[9].mutable_session()->set_sample_hundredths(10001); },
       "session \"s1\" sample_hundredths", "10001", "10000"},
      {"beyond 32 bits",
       [](Units& u) {
         InRule(u).clear_number();
         AddUnknown(InRule(u), 1, 1ULL << 32);
       },
       "filter \"web\" inbound rule 4294967296 number", "4294967296", "4294967295"},
      {"not a bool",
       [](Units& u) {
         InRule(u).clear_untagged();
         AddUnknown(InRule(u), 13, 2);
       },
       "filter \"web\" inbound rule 10 untagged", "it is 2", "at most 1"},
      {"format", [](Units& u) { u[0].mutable_header()->set_format(2); }, "header format", "it is 2", "format 1"},
  });
}

TEST(ConfigDecoder, RefusesEnumValuesItDoesNotKnow) {
  Expect({
      {"action", [](Units& u) { InRule(u).set_action(static_cast<v1::Action>(3)); },
       "filter \"web\" inbound rule 10 action", "value 3", "at most 2"},
      {"no action", [](Units& u) { InRule(u).clear_action(); }, "filter \"web\" inbound rule 10 action", "missing",
       "accept or reject"},
      {"negative", [](Units& u) { InRule(u).set_action(static_cast<v1::Action>(-1)); },
       "filter \"web\" inbound rule 10 action", "18446744073709551615", "at most 2"},
      {"encapsulation", [](Units& u) { u[3].mutable_target()->set_encapsulation(static_cast<v1::Encapsulation>(8)); },
       "target \"zeek\" encapsulation", "value 8", "at most 7"},
      {"service", [](Units& u) { u[6].mutable_filter()->add_services(static_cast<v1::Service>(7)); },
       "filter \"web\" services", "value 7", "at most 6"},
      {"no service", [](Units& u) { u[6].mutable_filter()->add_services(v1::SERVICE_UNSPECIFIED); },
       "filter \"web\" services", "unspecified", "dns"},
      {"sampling", [](Units& u) { u[9].mutable_session()->set_sampling(static_cast<v1::SamplingMode>(3)); },
       "session \"s1\" sampling", "value 3", "at most 2"},
      {"fragment", [](Units& u) { InRule(u).set_fragment(static_cast<v1::Fragment>(5)); },
       "filter \"web\" inbound rule 10 fragment", "value 5", "at most 4"},
      {"direction", [](Units& u) { u[7].mutable_rules()->set_direction(v1::ALL); }, "filter \"web\" rules direction",
       "neither", "which list"},
      {"group", [](Units& u) { u[4].mutable_target()->set_encapsulation(v1::VXLAN); }, "target \"group\" encapsulation",
       "members", "leave it out"},
  });
}

TEST(ConfigDecoder, RefusesWhatIsTooLong) {
  Expect({
      {"name", [](Units& u) { u[6].mutable_filter()->mutable_metadata()->set_description(std::string(257, 'x')); },
       "filter \"web\" metadata description", "257 bytes", "256"},
      {"tag", [](Units& u) { u[1].mutable_interface()->mutable_tags(0)->set_value(std::string(129, 'x')); },
       "interface \"guest0\" tag \"env\" value", "129 bytes", "128"},
      {"excluded", [](Units& u) { u[1].mutable_interface()->set_excluded(std::string(64, 'x')); },
       "interface \"guest0\" excluded", "64 bytes", "63"},
      {"tags",
       [](Units& u) {
         for (int i = 0; i < 16; ++i) u[1].mutable_interface()->add_tags();
       },
       "interface \"guest0\" tags", "more than 16", "16"},
      {"vlans",
       [](Units& u) {
         for (int i = 0; i < 8; ++i) InRule(u).add_vlan_ids();
       },
       "filter \"web\" inbound rule 10 vlan_ids", "more than 8", "8"},
      {"rules",
       [](Units& u) {
         for (int i = 0; i < 64; ++i) u[7].mutable_rules()->add_rules();
       },
       "filter \"web\" inbound rules", "more than 64", "64"},
      {"services",
       [](Units& u) {
         for (int i = 0; i < 5; ++i) u[6].mutable_filter()->add_services(v1::DNS);
       },
       "filter \"web\" services", "more than 6", "6"},
      {"address", [](Units& u) { u[3].mutable_target()->set_remote(std::string(17, 'x')); }, "target \"zeek\" remote",
       "17 bytes", "16"},
      {"source", [](Units& u) { u[10].mutable_sources()->set_interfaces(0, std::string(64, 'x')); },
       "session \"s1\" interfaces", "64 bytes", "63"},
      {"unit", [](Units& u) { AddText(*u[7].mutable_rules(), 9, std::string(33'000, 'x')); }, "length of a unit",
       "32768", "chunks"},
  });
}

TEST(ConfigDecoder, RefusesAddressesOfOtherSizes) {
  Expect({
      {"remote", [](Units& u) { u[3].mutable_target()->set_remote("12345"); }, "target \"zeek\" remote", "5 bytes",
       "4 bytes"},
      {"prefix", [](Units& u) { InRule(u).mutable_source()->set_address("123"); },
       "filter \"web\" inbound rule 10 source address", "3 bytes", "16"},
      {"no prefix", [](Units& u) { InRule(u).mutable_source()->clear_address(); },
       "filter \"web\" inbound rule 10 source address", "missing", "4 bytes"},
      {"gateway", [](Units& u) { u[2].mutable_underlay()->set_gateways(0, ""); }, "underlay \"wire1\" gateways[0]",
       "missing", "4 bytes"},
      {"route", [](Units& u) { u[2].mutable_underlay()->mutable_routes(0)->clear_destination(); },
       "underlay \"wire1\" routes[0] destination", "missing", "network"},
      {"mac", [](Units& u) { u[2].mutable_underlay()->mutable_neighbours(0)->set_mac("12345"); },
       "underlay \"wire1\" neighbours[0] mac", "5 bytes", "6 bytes"},
      {"mask", [](Units& u) { InRule(u).mutable_source_mac()->set_mask("1"); },
       "filter \"web\" inbound rule 10 source_mac mask", "1 bytes", "6 bytes"},
  });
}

TEST(ConfigDecoder, RefusesTextThatIsNotUtf8) {
  const char* const reason = "not UTF-8";
  for (const std::string text : {"\xff", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xc3", "\xe2\x82"}) {
    Units units = SampleUnits();
    AddText(InRule(units), 17, text);  // libprotobuf would not write it as a string
    InRule(units).clear_description();
    const Status status = Decode(units).status();
    EXPECT_EQ(status.subject(), "filter \"web\" inbound rule 10 description");
    EXPECT_THAT(status.reason(), HasSubstr(reason));
  }
  Units units = SampleUnits();
  units[9].mutable_session()->set_filter(std::string("web\0x", 5));
  EXPECT_EQ(Decode(units).status().subject(), "session \"s1\" filter");
}

TEST(ConfigDecoder, RefusesWrongWireTypesAndRepetition) {
  Expect({
      {"number as text",
       [](Units& u) {
         InRule(u).clear_protocol();
         AddText(InRule(u), 3, "x");
       },
       "filter \"web\" inbound rule 10 protocol", "wire type 2", "wire type 0"},
      {"text as number",
       [](Units& u) {
         InRule(u).clear_description();
         AddUnknown(InRule(u), 17, 1);
       },
       "filter \"web\" inbound rule 10 description", "wire type 0", "wire type 2"},
      {"twice", [](Units& u) { AddUnknown(InRule(u), 3, 17); }, "filter \"web\" inbound rule 10 protocol", "twice",
       "once"},
      {"two kinds", [](Units& u) { AddText(u[9], 6, ""); }, "filter", "something else", "one thing"},
      {"no kind", [](Units& u) { u[3].Clear(); }, "unit 4", "nothing", "leave"},
  });
}

TEST(ConfigDecoder, RefusesUnitsOutOfOrder) {
  Expect({
      {"no header", [](Units& u) { u.erase(u.begin()); }, "unit 1", "not the header", "begin with"},
      {"two headers", [](Units& u) { u[3] = u[0]; }, "unit 4", "second header", "one header"},
      {"units missing", [](Units& u) { u.pop_back(); }, "header units", "10 units are announced, 9", "again"},
      {"chunk without owner", [](Units& u) { std::swap(u[6], u[7]); }, "filter \"web\" inbound", "does not follow",
       "right after"},
      {"chunk of another", [](Units& u) { u[8].mutable_rules()->set_filter("x"); }, "filter \"x\" outbound",
       "does not follow", "right after"},
      {"chunk of another kind", [](Units& u) { std::swap(u[8], u[10]); }, "session \"s1\" sources", "does not follow",
       "right after"},
      {"first index", [](Units& u) { u[7].mutable_rules()->set_index(1); }, "filter \"web\" inbound index",
       "is 1, expected 0", "from 0"},
      {"same index", [](Units& u) { u[8] = u[7]; }, "filter \"web\" inbound index", "is 0, expected 1", "in order"},
      {"empty chunk", [](Units& u) { u[10].mutable_sources()->clear_interfaces(); }, "session \"s1\" sources", "empty",
       "leave"},
      {"members", [](Units& u) { u[4].mutable_target()->set_group(false); }, "target \"group\" members", "not a group",
       "group"},
  });
}

TEST(ConfigDecoder, RefusesDuplicates) {
  const auto append = [](std::size_t index) {
    return [index](Units& u) {
      u.push_back(u[index]);
      u[0].mutable_header()->clear_units();
    };
  };
  Expect({
      {"interface", append(1), "interface \"guest0\"", "twice", "own name"},
      {"underlay", append(2), "underlay \"wire1\"", "twice", "own name"},
      {"target", append(3), "target \"zeek\"", "twice", "own name"},
      {"filter", append(6), "filter \"web\"", "twice", "own name"},
      {"session", append(9), "session \"s1\"", "twice", "own name"},
      {"rule", [](Units& u) { *u[7].mutable_rules()->add_rules() = InRule(u); }, "filter \"web\" inbound rule 10",
       "twice", "own number"},
  });
}

// Every message in `message`, itself first.
void Collect(Message& message, std::vector<Message*>* out) {
  out->push_back(&message);
  std::vector<const FieldDescriptor*> fields;
  const auto* reflection = message.GetReflection();
  reflection->ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) continue;
    if (!field->is_repeated()) {
      Collect(*reflection->MutableMessage(&message, field), out);
      continue;
    }
    for (int i = 0; i < reflection->FieldSize(message, field); ++i) {
      Collect(*reflection->MutableRepeatedMessage(&message, field, i), out);
    }
  }
}

TEST(ConfigDecoder, RefusesUnknownFieldsAtEveryLevelByPath) {
  std::vector<std::string> subjects;
  for (std::size_t unit = 0; unit < SampleUnits().size(); ++unit) {
    for (std::size_t i = 0;; ++i) {
      Units units = SampleUnits();
      std::vector<Message*> messages;
      Collect(units[unit], &messages);
      if (i == messages.size()) break;
      AddUnknown(*messages[i], 99, 1);
      const Status status = Decode(units).status();
      EXPECT_EQ(status.code(), Code::kInvalidArgument);
      EXPECT_THAT(status.reason(), HasSubstr("field 99 is not known"));
      subjects.push_back(status.subject());
    }
  }
  const std::vector<std::string> rule = {"",
                                         " source",
                                         " destination",
                                         " source_ports",
                                         " destination_ports",
                                         " source_mac",
                                         " destination_mac",
                                         " vlan_ids[0]",
                                         " tcp_flags"};
  std::vector<std::string> expected = {"unit 1",
                                       "header",
                                       "unit 2",
                                       "interface \"guest0\"",
                                       "interface \"guest0\" tag \"env\"",
                                       "unit 3",
                                       "underlay \"wire1\"",
                                       "underlay \"wire1\" addresses[0]",
                                       "underlay \"wire1\" routes[0]",
                                       "underlay \"wire1\" routes[0] destination",
                                       "underlay \"wire1\" neighbours[0]",
                                       "unit 4",
                                       "target \"zeek\"",
                                       "target \"zeek\" metadata",
                                       "target \"zeek\" metadata tag \"env\"",
                                       "unit 5",
                                       "target \"group\"",
                                       "target \"group\" metadata",
                                       "target \"group\" metadata tag \"env\"",
                                       "unit 6",
                                       "target \"group\"",
                                       "unit 7",
                                       "filter \"web\"",
                                       "filter \"web\" metadata",
                                       "filter \"web\" metadata tag \"env\"",
                                       "unit 8",
                                       "filter \"web\" inbound"};
  for (const std::string& part : rule) expected.push_back("filter \"web\" inbound rule 10" + part);
  expected.insert(expected.end(), {"unit 9", "filter \"web\" outbound"});
  for (const std::string& part : rule) expected.push_back("filter \"web\" outbound rule 20" + part);
  expected.insert(expected.end(),
                  {"unit 10", "session \"s1\"", "session \"s1\" metadata", "session \"s1\" metadata tag \"env\"",
                   "session \"s1\" rate_limit", "unit 11", "session \"s1\""});
  EXPECT_THAT(subjects, ElementsAreArray(expected));
}

}  // namespace
}  // namespace heliostat::codec
