#include <mirror.pb.h>
#include <pb_decode.h>

#include <algorithm>
#include <utility>

#include "codec/codec.h"
#include "codec/draft.h"
#include "codec/wire_scan.h"
#include "config/check.h"

namespace heliostat::codec {

using config::Invalid;

struct ConfigDecoder::State {
  explicit State(const config::Limits& limits) : draft({}, limits, Draft::Duplicates::kRefuse) {}

  Status Decode(std::span<const std::uint8_t> bytes);
  Status TakeHeader(const heliostat_v1_Header& header);
  Result<config::Config> Finish();

  Draft draft;
  Status failed;
  // A unit takes tens of kilobytes, so there is one, on the heap.
  std::unique_ptr<heliostat_v1_Unit> unit = std::make_unique<heliostat_v1_Unit>();
  std::uint64_t units = 0;           // read so far, the header included
  std::uint32_t expected_units = 0;  // after the header; 0: not said
};

namespace {

std::string UnitName(std::uint64_t number) { return "unit " + std::to_string(number); }

// An error without a subject is the unit's own fault.
Status NamedBy(Status status, std::uint64_t unit) {
  return status.ok() || !status.subject().empty() ? status : std::move(status).Within(UnitName(unit));
}

}  // namespace

Status ConfigDecoder::State::Decode(std::span<const std::uint8_t> bytes) {
  ++units;
  if (bytes.size() > kMaxUnitBytes) {
    return Invalid(UnitName(units), "it has " + std::to_string(bytes.size()) + " bytes",
                   "use at most " + std::to_string(kMaxUnitBytes) + " bytes, and lists in chunks");
  }
  HELIOSTAT_RETURN_IF_ERROR(NamedBy(ScanMessage(bytes, heliostat_v1_Unit_fields), units));
  pb_istream_t stream = pb_istream_from_buffer(bytes.data(), bytes.size());
  if (!pb_decode(&stream, heliostat_v1_Unit_fields, unit.get())) {
    return {Code::kDataLoss, UnitName(units), PB_GET_ERROR(&stream), "write or send it again"};
  }
  const bool is_header = unit->which_kind == heliostat_v1_Unit_header_tag;
  if ((units == 1) != is_header) {
    return Invalid(UnitName(units), units == 1 ? "the first unit is not the header" : "there is a second header",
                   "begin with one header");
  }
  return is_header ? TakeHeader(unit->kind.header) : NamedBy(draft.Put(*unit), units);
}

Status ConfigDecoder::State::TakeHeader(const heliostat_v1_Header& header) {
  expected_units = header.units;
  if (header.format == kFormat) return {};
  return {Code::kUnsupported, "header format", "it is " + std::to_string(header.format),
          "write format " + std::to_string(kFormat) + ", or use firmware that knows it"};
}

Result<config::Config> ConfigDecoder::State::Finish() {
  if (!failed.ok()) return failed;
  if (units == 0) return Status(Code::kDataLoss, "header", "there is none", "begin with a header");
  if (expected_units != 0 && expected_units != units - 1) {
    return Status(Code::kDataLoss, "header units",
                  std::to_string(expected_units) + " units are announced, " + std::to_string(units - 1) + " are there",
                  "write or send it again");
  }
  return draft.Finish();
}

ConfigDecoder::ConfigDecoder(const config::Limits& limits) : state_(std::make_unique<State>(limits)) {}
ConfigDecoder::~ConfigDecoder() = default;
ConfigDecoder::ConfigDecoder(ConfigDecoder&&) noexcept = default;
ConfigDecoder& ConfigDecoder::operator=(ConfigDecoder&&) noexcept = default;

Status ConfigDecoder::Put(std::span<const std::uint8_t> unit) {
  if (state_->failed.ok()) state_->failed = state_->Decode(unit);
  return state_->failed;
}

Result<config::Config> ConfigDecoder::Finish() { return state_->Finish(); }

Status ConfigReader::TakeLengthByte(std::uint8_t byte) {
  length_ |= std::uint64_t{byte & 0x7fU} << length_bits_;
  length_bits_ += 7;
  in_length_ = (byte & 0x80) != 0;
  if (length_ > kMaxUnitBytes || (in_length_ && length_bits_ > 28)) {
    return {Code::kDataLoss, "length of a unit", "it is more than " + std::to_string(kMaxUnitBytes) + " bytes",
            "write it again, with long lists in chunks"};
  }
  if (in_length_) return {};
  in_unit_ = true;
  return length_ == 0 ? EndUnit() : Status{};
}

Status ConfigReader::EndUnit() {
  Status status = decoder_.Put(unit_);
  unit_.clear();
  length_ = 0;
  length_bits_ = 0;
  in_unit_ = false;
  return status;
}

Status ConfigReader::Write(std::span<const std::uint8_t> bytes) {
  while (failed_.ok() && !bytes.empty()) {
    if (!in_unit_) {
      failed_ = TakeLengthByte(bytes.front());
      bytes = bytes.subspan(1);
      continue;
    }
    const auto wanted = static_cast<std::size_t>(length_) - unit_.size();
    const auto piece = bytes.first(std::min(wanted, bytes.size()));
    unit_.insert(unit_.end(), piece.begin(), piece.end());
    bytes = bytes.subspan(piece.size());
    if (unit_.size() == length_) failed_ = EndUnit();
  }
  return failed_;
}

Result<config::Config> ConfigReader::Finish() {
  HELIOSTAT_RETURN_IF_ERROR(failed_);
  if (in_unit_ || in_length_) {
    return Status(Code::kDataLoss, "the last unit", "it is cut short", "write or send it again");
  }
  return decoder_.Finish();
}

Result<config::Config> DecodeConfig(std::span<const std::uint8_t> bytes, const config::Limits& limits) {
  ConfigReader reader(limits);
  HELIOSTAT_RETURN_IF_ERROR(reader.Write(bytes));
  return reader.Finish();
}

}  // namespace heliostat::codec
