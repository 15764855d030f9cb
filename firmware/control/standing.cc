#include "control/standing.h"

#include <utility>

namespace heliostat::control {
namespace {

constexpr std::uint64_t kSecondNs = 1'000'000'000;
constexpr std::uint64_t kUndoAgainNs = 1 * kSecondNs;
constexpr std::uint64_t kStartAgainNs = 10 * kSecondNs;

}  // namespace

void Standing::Unreadable(Status why, bool again) {
  stored_ = Stored::kUnreadable;
  why_not_applied_ = std::move(why);
  start_again_ = again;
  told_ = false;
}

void Standing::NotApplied(Status why, bool again) {
  stored_ = Stored::kNotApplied;
  why_not_applied_ = std::move(why);
  start_again_ = again;
  told_ = false;
}

void Standing::Published(std::uint64_t confirm_by_ns) {
  stored_ = Stored::kApplied;
  why_not_applied_ = Status();
  start_again_ = false;
  confirmation_ = confirm_by_ns == 0 ? Confirmation::kSettled : Confirmation::kWaiting;
  confirm_by_ns_ = confirm_by_ns;
  why_overdue_ = Status();
  told_ = false;
}

void Standing::WaitsUntil(std::uint64_t confirm_by_ns) {
  if (confirmation_ == Confirmation::kSettled) confirmation_ = Confirmation::kWaiting;
  confirm_by_ns_ = confirm_by_ns;
  told_ = false;
}

void Standing::Overdue(Status why) {
  if (confirmation_ == Confirmation::kSettled) return;  // it is undone; only what came behind that has failed
  confirmation_ = Confirmation::kOverdue;
  why_overdue_ = std::move(why);
  told_ = false;
}

void Standing::Confirmed() {
  confirmation_ = Confirmation::kSettled;
  confirm_by_ns_ = 0;
  why_overdue_ = Status();
  // After a start that could not undo it nothing runs. It may now.
  start_again_ = !applied();
  told_ = false;
}

bool Standing::TakeStart(std::uint64_t now_ns) {
  if (!start_again_ || now_ns < start_at_ns_) return false;
  start_at_ns_ = now_ns + kStartAgainNs;
  return true;
}

bool Standing::TakeUndo(std::uint64_t now_ns) {
  if (confirmation_ == Confirmation::kSettled || now_ns < confirm_by_ns_ || now_ns < undo_at_ns_) return false;
  undo_at_ns_ = now_ns + kUndoAgainNs;
  return true;
}

std::vector<std::string> Standing::Remarks() const {
  std::vector<std::string> remarks;
  if (!applied()) remarks.push_back("the stored configuration: " + why_not_applied_.ToString());
  if (confirmation_ == Confirmation::kOverdue) {
    remarks.push_back("a generation that was not confirmed is not undone yet: " + why_overdue_.ToString());
  }
  return remarks;
}

}  // namespace heliostat::control
