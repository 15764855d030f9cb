#include "helioctl/show/audit.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "helioctl/card/open_card.h"
#include "helioctl/cli/exit_code.h"
#include "helioctl/cli/quantity.h"
#include "helioctl/show/audit_chain.h"
#include "mbedtls/sha256_digest.h"

namespace heliostat::helioctl {
namespace {

std::string OrNothing(const std::string& text) { return text.empty() ? "-" : text; }

// The newest so many; 0: as many as there are. A card counts from the oldest, so all of them come.
Result<std::vector<v1::AuditRecord>> Read(CardClient& client, std::uint64_t after, std::size_t newest) {
  v1::Request request;
  request.mutable_get_audit()->set_after(after);
  std::vector<v1::AuditRecord> records;
  const Status status = client.Stream(std::move(request), [&records](const v1::Response& response) {
    records.insert(records.end(), response.audit().records().begin(), response.audit().records().end());
    return true;
  });
  if (!status.ok()) return status;
  if (newest != 0 && records.size() > newest) {
    records.erase(records.begin(), records.end() - static_cast<std::ptrdiff_t>(newest));
  }
  return records;
}

// The record before the first one is read too: the chain hangs on its hash.
Result<std::vector<v1::AuditRecord>> ReadForChain(CardClient& client, const AuditOptions& options) {
  const std::uint64_t after = options.after == 0 ? 0 : options.after - 1;
  return Read(client, after, options.limit == 0 ? 0 : std::size_t{options.limit} + 1);
}

int Verify(const std::vector<v1::AuditRecord>& records, const AuditOptions& options, Streams streams) {
  const ChainReport report = VerifyChain(records, hal::mbedtls::Sha256);
  if (options.output.format == Format::kJson) {
    Json json{{"records", records.size()},
              {"checked", report.checked},
              {"fromTheStart", report.from_the_start},
              {"problems", Json::array()}};
    for (const ChainProblem& problem : report.problems) {
      json["problems"].push_back({{"sequence", problem.sequence}, {"reason", problem.reason}});
    }
    json["holds"] = report.problems.empty();
    streams.out << JsonText(json);
    return report.problems.empty() ? kDone : kFailed;
  }
  if (report.problems.empty()) {
    streams.out << fmt::format("ok: {} record{} checked{}\n", report.checked, report.checked == 1 ? "" : "s",
                               records.empty()         ? ": there are none"
                               : report.from_the_start ? ", from the first that the card wrote"
                                                       : fmt::format("; record {}, before them, is taken as it is",
                                                                     records.front().sequence()));
    return kDone;
  }
  for (const ChainProblem& problem : report.problems) {
    streams.err << "helioctl: "
                << Status(Code::kDataLoss, fmt::format("audit record {}", problem.sequence), problem.reason,
                          "compare it with records that were read before")
                       .ToString()
                << "\n";
  }
  return kFailed;
}

}  // namespace

std::string RoleWord(v1::Role role) {
  switch (role) {
    case v1::VIEWER: return "viewer";
    case v1::OPERATOR: return "operator";
    case v1::FLASHER: return "flasher";
    case v1::ADMIN: return "admin";
    default: return "-";
  }
}

std::string HexText(const std::string& bytes) {
  std::string text;
  for (const char byte : bytes) text += fmt::format("{:02x}", static_cast<unsigned>(static_cast<unsigned char>(byte)));
  return text;
}

Table AuditTable(const std::vector<v1::AuditRecord>& records, bool wide) {
  std::vector<Column> columns{{"SEQUENCE", Align::kRight},   {"TIME"},   {"USER"}, {"ROLE"}, {"ACTION"},
                              {"GENERATION", Align::kRight}, {"SUMMARY"}};
  if (wide) columns.insert(columns.end(), {{"OWNER"}, {"ADDRESS"}, {"COMMENT"}});
  Table table(std::move(columns));
  for (const v1::AuditRecord& record : records) {
    std::vector<Cell> row{std::to_string(record.sequence()),
                          LocalTime(record.time_ns()),
                          OrNothing(record.user()),
                          RoleWord(record.role()),
                          record.action(),
                          std::to_string(record.generation()),
                          OrNothing(record.summary())};
    if (wide) {
      row.emplace_back(OrNothing(record.owner()));
      row.emplace_back(OrNothing(record.address()));
      row.emplace_back(record.comment());
    }
    table.Add(std::move(row));
  }
  return table;
}

Json AuditJson(const v1::AuditRecord& record) {
  return {{"sequence", record.sequence()},   {"time", Rfc3339(record.time_ns())}, {"user", record.user()},
          {"role", RoleWord(record.role())}, {"owner", record.owner()},           {"address", record.address()},
          {"action", record.action()},       {"generation", record.generation()}, {"summary", record.summary()},
          {"comment", record.comment()},     {"hash", HexText(record.hash())}};
}

int Audit(const AuditOptions& options, Streams streams) {
  const auto card = OpenCard(options.card);
  if (!card.ok()) return Fail(card.status(), streams);
  const auto records = options.verify ? ReadForChain(**card, options) : Read(**card, options.after, options.limit);
  if (!records.ok()) return Fail(records.status(), streams);
  if (options.verify) return Verify(*records, options, streams);
  Json documents = Json::array();
  switch (options.output.format) {
    case Format::kJson:
      for (const v1::AuditRecord& record : *records) documents.push_back(AuditJson(record));
      streams.out << JsonText({{"records", std::move(documents)}});
      return kDone;
    case Format::kYaml:
      for (const v1::AuditRecord& record : *records) documents.push_back(AuditJson(record));
      streams.out << YamlText({{"records", std::move(documents)}});
      return kDone;
    default: break;
  }
  if (records->empty()) {
    streams.err << "there is no record\n";
    return kDone;
  }
  streams.out
      << AuditTable(*records, options.output.format == Format::kWide).Render(StyleOf(options.output, streams.out));
  return kDone;
}

}  // namespace heliostat::helioctl
