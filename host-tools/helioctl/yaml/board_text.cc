#include "helioctl/yaml/board_text.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/text_format.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

#include "board.pb.h"
#include "codec/codec.h"
#include "helioctl/cli/spelling.h"

namespace heliostat::helioctl {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::TextFormat;
using ParseTree = TextFormat::ParseInfoTree;

std::string_view TakeQuoted(std::string_view& text) {
  const auto open = text.find('"');
  const auto close = open == std::string_view::npos ? open : text.find('"', open + 1);
  if (close == std::string_view::npos) return {};
  const std::string_view quoted = text.substr(open + 1, close - open - 1);
  text.remove_prefix(close + 1);
  return quoted;
}

// For libprotobuf's `Message type "heliostat.v1.Board" has no field named "prots".`
std::string FixFor(std::string_view message) {
  constexpr std::string_view kOtherwise = "fields and their values are those of proto/board.proto";
  if (message.find("has no field named") == std::string_view::npos) return std::string(kOtherwise);
  const std::string type_name(TakeQuoted(message));
  const std::string_view field = TakeQuoted(message);
  const Descriptor* type = google::protobuf::DescriptorPool::generated_pool()->FindMessageTypeByName(type_name);
  if (type == nullptr) return std::string(kOtherwise);
  std::vector<std::string_view> known;
  for (int i = 0; i < type->field_count(); ++i) known.emplace_back(type->field(i)->name());
  return Suggestion(field, known, "fields here are");
}

class Errors : public google::protobuf::io::ErrorCollector {
 public:
  Errors(const std::string& file, std::vector<Problem>& problems) : file_(file), problems_(problems) {}
  void AddError(int line, google::protobuf::io::ColumnNumber column, const std::string& message) override {
    // Lines count from 0 there; -1 is the text as a whole.
    problems_.push_back(
        {{file_, line + 1, column + 1},
         Status(Code::kInvalidArgument, "", message.substr(0, message.find_last_not_of('.') + 1), FixFor(message))});
  }
  void AddWarning(int, google::protobuf::io::ColumnNumber, const std::string&) override {}

 private:
  const std::string& file_;
  std::vector<Problem>& problems_;
};

struct Words {
  std::string_view rest;
  std::string_view Next() {
    rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
    const std::string_view word = rest.substr(0, rest.find(' '));
    rest.remove_prefix(word.size());
    return word;
  }
};

// The repeated field and the item in it that `port "guest0"` or `wire 1` names; -1: none.
std::pair<std::string, int> NamedItem(const v1::Board& board, std::string_view word, std::string_view which) {
  if (word == "port") {
    for (int i = 0; i < board.ports_size(); ++i) {
      if ("\"" + board.ports(i).name() + "\"" == which) return {"ports", i};
    }
  }
  int number = 0;
  std::from_chars(which.data(), which.data() + which.size(), number);
  if (word == "wire" && number >= 1 && number <= board.wires_size()) return {"wires", number - 1};
  return {"", -1};
}

// The place of what an error's subject is about: `board "x" port "guest0" mac`, or the nearest that encloses it.
Place PlaceOf(const std::string& file, const v1::Board& board, ParseTree* tree, std::string_view subject) {
  Place place{file, 0, 0};
  const auto take = [&](const google::protobuf::FieldDescriptor* field, int index) {
    const auto location = tree->GetLocation(field, index);
    if (location.line >= 0) place = {file, location.line + 1, location.column + 1};
  };
  Words words{subject};
  const Descriptor* type = v1::Board::descriptor();
  for (std::string_view word = words.Next(); !word.empty() && tree != nullptr; word = words.Next()) {
    const auto* field = type->FindFieldByName(std::string(word.substr(0, word.find('['))));
    int index = -1;
    if (field == nullptr && type == v1::Board::descriptor()) {
      Words ahead = words;
      const auto [list, item] = NamedItem(board, word, ahead.Next());
      if (item < 0) continue;
      words = ahead;
      field = type->FindFieldByName(list);
      index = item;
    }
    if (field == nullptr) break;
    take(field, field->is_repeated() ? std::max(index, 0) : -1);
    if (field->message_type() == nullptr) break;
    tree = tree->GetTreeForNested(field, field->is_repeated() ? std::max(index, 0) : -1);
    type = field->message_type();
  }
  return place;
}

}  // namespace

std::optional<BoardText> ReadBoardText(const TextFile& file, std::vector<Problem>& problems) {
  v1::Board message;
  ParseTree tree;
  Errors errors(file.name, problems);
  TextFormat::Parser parser;
  parser.RecordErrorsTo(&errors);
  parser.WriteLocationsTo(&tree);
  if (!parser.ParseFromString(file.text, &message)) return std::nullopt;

  const std::string bytes = message.SerializeAsString();
  auto board = codec::DecodeBoard({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
  const Status status = board.ok() ? config::ValidateBoard(*board) : board.status();
  if (!status.ok()) {
    problems.push_back({PlaceOf(file.name, message, &tree, status.subject()), status});
    return std::nullopt;
  }
  return BoardText{bytes, std::move(*board)};
}

config::Card CardOf(const config::Board& board) {
  config::Card card;
  card.limits = board.limits;
  for (const config::BoardPort& port : board.ports) {
    config::Interface interface;
    interface.name = port.name;
    interface.kind = port.kind;
    interface.number = port.number;
    interface.mac = port.mac.value_or(MacAddress{});
    interface.primary_ipv4 = port.primary_ipv4;
    interface.primary_ipv6 = port.primary_ipv6;
    if (port.mtu != 0) interface.mtu = port.mtu;
    card.interfaces.push_back(std::move(interface));
  }
  return card;
}

}  // namespace heliostat::helioctl
