// How the card stands with what is stored: what an operator is told of it, and what is to be tried again and when.
//
// Of the generation that is current on flash:
//
//     unreadable --read at last--> not applied --built at last--> applied
//         '------------- another one is published --------------->'
//
// A start begins on the left and goes as far as it gets; what may pass it tries again. Of that generation's
// confirmation:
//
//     settled --published, to be confirmed--> waiting --its time is over, and undoing it fails--> overdue
//        '<------------------ confirmed, or another one is published ---------------'<---------------'
//
// From `overdue` undoing is tried again each second. No transition fails or allocates. One thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"

namespace heliostat::control {

class Standing {
 public:
  // It runs; or nothing is stored.
  [[nodiscard]] bool applied() const { return stored_ == Stored::kApplied; }
  // Else nobody knows what it is.
  [[nodiscard]] bool readable() const { return stored_ != Stored::kUnreadable; }
  // Applied, and nothing is overdue.
  [[nodiscard]] bool well() const { return applied() && confirmation_ != Confirmation::kOverdue; }
  [[nodiscard]] const Status& why_not_applied() const { return why_not_applied_; }
  [[nodiscard]] std::uint64_t confirm_by_ns() const { return confirm_by_ns_; }  // monotonic; 0: settled
  // For people.
  [[nodiscard]] std::vector<std::string> Remarks() const;

  // --- What happens. `again`: the start is tried again, since what went wrong may pass ---
  void Unreadable(Status why, bool again);
  void NotApplied(Status why, bool again);
  void Published(std::uint64_t confirm_by_ns);  // or found as it was stored; 0: for good
  void WaitsUntil(std::uint64_t confirm_by_ns);
  void Overdue(Status why);
  void Confirmed();

  // --- What is due. True: the caller tries it now, and when that fails again after a while ---
  [[nodiscard]] bool TakeStart(std::uint64_t now_ns);
  [[nodiscard]] bool TakeUndo(std::uint64_t now_ns);

  // Readers know all that has happened. False since then: they are to be told.
  [[nodiscard]] bool told() const { return told_; }
  void set_told(bool told) { told_ = told; }

 private:
  enum class Stored : std::uint8_t {
    kUnreadable,
    kNotApplied,
    kApplied,
  };
  enum class Confirmation : std::uint8_t { kSettled, kWaiting, kOverdue };

  Stored stored_ = Stored::kApplied;
  Status why_not_applied_;
  bool start_again_ = false;
  std::uint64_t start_at_ns_ = 0;  // not before

  Confirmation confirmation_ = Confirmation::kSettled;
  Status why_overdue_;
  std::uint64_t confirm_by_ns_ = 0;
  std::uint64_t undo_at_ns_ = 0;  // not before

  bool told_ = true;
};

}  // namespace heliostat::control
