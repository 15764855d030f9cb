#include <control.pb.h>
#include <pb_decode.h>

#include <utility>

#include "codec/change.h"
#include "codec/draft.h"
#include "codec/wire_scan.h"
#include "config/check.h"

namespace heliostat::codec {

struct ConfigEditor::State {
  State(const config::Config& base, const config::Limits& limits, ChangesFrom from)
      : draft(base, limits, Draft::Duplicates::kReplace), from(from) {}

  Status Apply(std::span<const std::uint8_t> bytes);
  Status Take();
  Status TakePicked();

  Draft draft;
  ChangesFrom from;
  Status failed;
  // A change takes tens of kilobytes, so there is one, on the heap.
  std::unique_ptr<heliostat_v1_Change> change = std::make_unique<heliostat_v1_Change>();
};

Status ConfigEditor::State::Apply(std::span<const std::uint8_t> bytes) {
  if (bytes.size() > kMaxChangeBytes) {
    return config::Invalid({}, "it has " + std::to_string(bytes.size()) + " bytes",
                           "use at most " + std::to_string(kMaxChangeBytes) + " bytes, and lists in pieces");
  }
  HELIOSTAT_RETURN_IF_ERROR(ScanMessage(bytes, heliostat_v1_Change_fields));
  pb_istream_t stream = pb_istream_from_buffer(bytes.data(), bytes.size());
  if (!pb_decode(&stream, heliostat_v1_Change_fields, change.get())) {
    return {Code::kDataLoss, {}, PB_GET_ERROR(&stream), "write or send it again"};
  }
  return Take();
}

Status ConfigEditor::State::Take() {
  switch (change->which_kind) {
    case heliostat_v1_Change_put_tag: return draft.Put(change->kind.put);
    case heliostat_v1_Change_patch_tag: return draft.Patch(change->kind.patch);
    case heliostat_v1_Change_remove_tag: return draft.Remove(change->kind.remove);
    case heliostat_v1_Change_picked_ids_tag: return TakePicked();
    default: return config::Invalid({}, "it holds nothing", "leave it out");
  }
}

Status ConfigEditor::State::TakePicked() {
  if (from == ChangesFrom::kClient) {
    return config::Invalid("picked_ids", "the card picks them itself", "leave them out, or set a session's tunnel_id");
  }
  draft.PickIds(change->kind.picked_ids);
  return {};
}

ConfigEditor::ConfigEditor(const config::Config& base, const config::Limits& limits, ChangesFrom from)
    : state_(std::make_unique<State>(base, limits, from)) {}
ConfigEditor::~ConfigEditor() = default;
ConfigEditor::ConfigEditor(ConfigEditor&&) noexcept = default;
ConfigEditor& ConfigEditor::operator=(ConfigEditor&&) noexcept = default;

void ConfigEditor::BeginFrame() { state_->draft.BeginFrame(); }

Status ConfigEditor::Apply(std::span<const std::uint8_t> change) {
  if (!state_->failed.ok()) return state_->failed;
  Status status = state_->Apply(change);
  // An error without a subject is the change's own fault.
  if (!status.ok() && status.subject().empty()) status = std::move(status).Within("change");
  state_->failed = status;
  return status;
}

Result<config::Config> ConfigEditor::Finish() {
  HELIOSTAT_RETURN_IF_ERROR(state_->failed);
  return state_->draft.Finish();
}

}  // namespace heliostat::codec
