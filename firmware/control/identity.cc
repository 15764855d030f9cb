#include "control/identity.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <variant>

#include "config/check.h"

namespace heliostat::control {
namespace {

using codec::Role;

constexpr std::string_view kSpace = "urn:heliostat:";
constexpr std::string_view kRole = "urn:heliostat:role:";
constexpr std::string_view kOwner = "urn:heliostat:owner:";
constexpr std::size_t kMaxUserBytes = 64;  // X.520: of a common name
constexpr std::array kRoles = {Role::kViewer, Role::kOperator, Role::kFlasher, Role::kAdmin};

Status Denied(std::string reason, std::string fix) {
  return {Code::kPermissionDenied, "certificate", std::move(reason), std::move(fix)};
}

// RFC 8141: scheme and namespace are the same in either case. We write them small, and want them so.
bool InOurSpace(std::string_view uri) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return uri.size() >= kSpace.size() && std::equal(kSpace.begin(), kSpace.end(), uri.begin(),
                                                   [&](char expected, char c) { return expected == lower(c); });
}

std::optional<Role> RoleOf(std::string_view name) {
  for (const Role role : kRoles) {
    if (RoleName(role) == name) return role;
  }
  return std::nullopt;
}

bool IsUser(std::string_view name) {
  return !name.empty() && name.size() <= kMaxUserBytes &&
         std::all_of(name.begin(), name.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
}

Status TakeRole(std::string_view name, Identity* identity) {
  const std::optional<Role> role = RoleOf(name);
  if (!role) return Denied("it has no role of ours: " + config::Quoted(name), "use viewer, operator, flasher or admin");
  if (identity->role != Role::kNone) return Denied("it names two roles", "issue one with a single role");
  identity->role = *role;
  return {};
}

Status TakeOwner(std::string_view name, Identity* identity) {
  if (!config::IsName(name)) {
    return Denied("its owner is no name: " + config::Quoted(name),
                  "use 1 to 63 of a-z A-Z 0-9 . _ - that start and end with a letter or digit");
  }
  if (!identity->owner.empty()) return Denied("it names two owners", "issue one with a single owner");
  identity->owner = name;
  return {};
}

Status TakeUri(std::string_view uri, Identity* identity) {
  if (uri.starts_with(kRole)) return TakeRole(uri.substr(kRole.size()), identity);
  if (uri.starts_with(kOwner)) return TakeOwner(uri.substr(kOwner.size()), identity);
  if (!InOurSpace(uri)) return {};
  return Denied("its URI " + config::Quoted(uri) + " is none that the card knows",
                "use urn:heliostat:role:ROLE and urn:heliostat:owner:NAME, in small letters");
}

// An empty owner is the admin's: an operator without one would pass for it.
Status CheckOwner(const Identity& identity) {
  if (identity.role == Role::kOperator && identity.owner.empty()) {
    return Denied("it is an operator's and names no owner", "issue one with urn:heliostat:owner:NAME");
  }
  if (identity.role == Role::kAdmin && !identity.owner.empty()) {
    return Denied("it is an admin's and names an owner, where an admin has none",
                  "issue one without an owner, or with the role operator");
  }
  return {};
}

// The roles that may make each call, as bits.
constexpr std::uint8_t Bit(Role role) { return static_cast<std::uint8_t>(1U << static_cast<unsigned>(role)); }
constexpr std::uint8_t kAdmin = Bit(Role::kAdmin);
constexpr std::uint8_t kOperators = Bit(Role::kOperator) | kAdmin;
constexpr std::uint8_t kReaders = Bit(Role::kViewer) | kOperators;
constexpr std::uint8_t kEveryone = Bit(Role::kFlasher) | kReaders;

struct AllowedRoles {
  std::uint8_t operator()(const codec::Hello&) const { return kEveryone; }
  std::uint8_t operator()(const codec::GetInfo&) const { return kEveryone; }
  std::uint8_t operator()(const codec::ListGenerations&) const { return kEveryone; }
  std::uint8_t operator()(const codec::GetTrust&) const { return kEveryone; }
  std::uint8_t operator()(const codec::Get&) const { return kReaders; }
  std::uint8_t operator()(const codec::List&) const { return kReaders; }
  std::uint8_t operator()(const codec::Watch&) const { return kReaders; }
  std::uint8_t operator()(const codec::Begin&) const { return kOperators; }
  std::uint8_t operator()(const codec::Edit&) const { return kOperators; }
  std::uint8_t operator()(const codec::Commit&) const { return kOperators; }
  std::uint8_t operator()(const codec::Abort&) const { return kOperators; }
  std::uint8_t operator()(const codec::Confirm&) const { return kOperators; }
  std::uint8_t operator()(const codec::Rollback&) const { return kOperators; }
  std::uint8_t operator()(const codec::GetAudit&) const { return kOperators; }
  std::uint8_t operator()(const codec::SetTrust&) const { return kAdmin; }
  std::uint8_t operator()(const codec::SetTime&) const { return kAdmin; }
};

std::string Names(std::uint8_t roles) {
  std::string names;
  for (const Role role : kRoles) {
    if ((roles & Bit(role)) == 0) continue;
    if (!names.empty()) names += " or ";
    names += RoleName(role);
  }
  return names;
}

}  // namespace

std::string_view RoleName(Role role) {
  switch (role) {
    case Role::kNone: return "none";
    case Role::kViewer: return "viewer";
    case Role::kOperator: return "operator";
    case Role::kFlasher: return "flasher";
    case Role::kAdmin: return "admin";
  }
  return "none";
}

Result<Identity> IdentityOf(const hal::Certificate& certificate, const std::string& address) {
  Identity identity;
  identity.address = address;
  for (const std::string& uri : certificate.uris) HELIOSTAT_RETURN_IF_ERROR(TakeUri(uri, &identity));
  if (identity.role == Role::kNone) {
    return Denied("it names no role", "issue one with urn:heliostat:role:viewer, operator, flasher or admin");
  }
  HELIOSTAT_RETURN_IF_ERROR(CheckOwner(identity));
  if (!IsUser(certificate.common_name)) {
    return Denied(certificate.common_name.empty() ? "it has no common name" : "its common name can't be shown",
                  "issue one with a common name of 1 to 64 characters of ASCII");
  }
  identity.user = certificate.common_name;
  return identity;
}

Status MayCall(const Identity& identity, const codec::Call& call) {
  const std::uint8_t roles = std::visit(AllowedRoles{}, call);
  if (identity.role != Role::kNone && (roles & Bit(identity.role)) != 0) return {};
  return {Code::kPermissionDenied,
          {},
          "the role " + std::string(RoleName(identity.role)) + " may not ask for `" +
              std::string(codec::CallName(call)) + "`",
          "use a certificate with the role " + Names(roles)};
}

}  // namespace heliostat::control
