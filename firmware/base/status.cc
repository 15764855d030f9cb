#include "base/status.h"

namespace heliostat {

std::string_view CodeName(Code code) {
  switch (code) {
    case Code::kOk: return "ok";
    case Code::kInvalidArgument: return "invalid argument";
    case Code::kNotFound: return "not found";
    case Code::kAlreadyExists: return "already exists";
    case Code::kFailedPrecondition: return "failed precondition";
    case Code::kResourceExhausted: return "resource exhausted";
    case Code::kUnsupported: return "unsupported";
    case Code::kUnavailable: return "unavailable";
    case Code::kPermissionDenied: return "permission denied";
    case Code::kAborted: return "aborted";
    case Code::kDataLoss: return "data loss";
    case Code::kInternal: return "internal";
  }
  return "unknown";
}

std::string Status::ToString() const {
  if (ok()) return "ok";
  std::string text = subject_;
  if (!text.empty() && !reason_.empty()) text += ": ";
  text += reason_;
  if (!fix_.empty()) text += "; " + fix_;
  return text;
}

Status Status::Within(std::string_view outer) && {
  if (ok()) return {};
  subject_ = subject_.empty() ? std::string(outer) : std::string(outer) + " " + subject_;
  return std::move(*this);
}

}  // namespace heliostat
