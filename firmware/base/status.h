// Status and Result: what went wrong, where, why, and what to do about it.
//
// Every error that reaches a person names the resource and field (`subject`), the reason, and the fix. Nothing here
// throws. Per-packet code does not use it: it answers with a drop reason and a counter.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace heliostat {

// Values travel in the protocol and in audit records: do not reorder, only append.
enum class Code : std::uint8_t {
  kOk = 0,
  kInvalidArgument = 1,     // the input is wrong by itself
  kNotFound = 2,            // it names something that does not exist
  kAlreadyExists = 3,       // a name or number is taken
  kFailedPrecondition = 4,  // right by itself, but not in this state
  kResourceExhausted = 5,   // a limit, memory or flash is full
  kUnsupported = 6,         // valid, but this card or device can't
  kUnavailable = 7,         // try again later
  kPermissionDenied = 8,
  kAborted = 9,    // lost a race; read again and retry
  kDataLoss = 10,  // bytes are damaged or cut short
  kInternal = 11,  // a broken invariant
};

std::string_view CodeName(Code code);

class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(Code code, std::string subject, std::string reason, std::string fix = {})
      : code_(code), subject_(std::move(subject)), reason_(std::move(reason)), fix_(std::move(fix)) {}

  [[nodiscard]] bool ok() const { return code_ == Code::kOk; }
  [[nodiscard]] Code code() const { return code_; }
  // The resource and field path, e.g. `filter "web" inbound rule 10 source_ports`.
  [[nodiscard]] const std::string& subject() const { return subject_; }
  [[nodiscard]] const std::string& reason() const { return reason_; }
  [[nodiscard]] const std::string& fix() const { return fix_; }

  // `subject: reason; fix`, without the parts that are empty.
  [[nodiscard]] std::string ToString() const;

  // Returns the same error with the subject `outer subject`.
  [[nodiscard]] Status Within(std::string_view outer) &&;

 private:
  Code code_ = Code::kOk;
  std::string subject_;
  std::string reason_;
  std::string fix_;
};

inline Status OkStatus() { return {}; }

// A value, or the reason why there is none.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::move(value)) {}         // NOLINT(google-explicit-constructor)
  Result(Status status) : value_(std::move(status)) {}  // NOLINT(google-explicit-constructor)

  [[nodiscard]] bool ok() const { return std::holds_alternative<T>(value_); }
  [[nodiscard]] T& value() & { return std::get<T>(value_); }
  [[nodiscard]] const T& value() const& { return std::get<T>(value_); }
  [[nodiscard]] T&& value() && { return std::get<T>(std::move(value_)); }
  [[nodiscard]] Status status() const { return ok() ? Status{} : std::get<Status>(value_); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

 private:
  std::variant<Status, T> value_;
};

// Returns from the calling function when `expression` is not ok.
#define HELIOSTAT_RETURN_IF_ERROR(expression)                        \
  do {                                                               \
    if (::heliostat::Status status_ = (expression); !status_.ok()) { \
      return status_;                                                \
    }                                                                \
  } while (false)

}  // namespace heliostat
