// Requests and responses of the control connection (proto/control.proto) <-> plain values.
//
// A frame is at most kMaxFrameBytes behind its 4-byte length. Spans of a decoded request point into the frame.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/status.h"
#include "codec/counters.h"
#include "config/config.h"
#include "config/difference.h"

namespace heliostat::codec {

inline constexpr std::size_t kMaxFrameBytes = 64 * 1024;
inline constexpr std::size_t kFrameHeaderBytes = 4;
inline constexpr std::uint32_t kControlVersion = 1;
// The longest that a commit or rollback may wait to be confirmed.
inline constexpr std::uint32_t kMaxConfirmSeconds = 86'400;

enum class Role : std::uint8_t { kNone = 0, kViewer = 1, kOperator = 2, kFlasher = 3, kAdmin = 4 };

struct Hello {
  std::uint32_t oldest_version = 0;
  std::uint32_t newest_version = 0;
  std::string client{};
};
struct GetInfo {};
struct Begin {
  std::uint64_t expected_generation = 0;
};
// The encoded Changes one after another; see ChangeReader.
struct Edit {
  std::span<const std::uint8_t> body{};
};
struct Commit {
  std::uint32_t confirm_within_s = 0;
  std::string comment{};
  bool dry_run = false;
};
struct Abort {};
struct Confirm {
  std::uint64_t generation = 0;
};
struct Rollback {
  std::uint64_t generation = 0;
  std::uint64_t expected_generation = 0;
  std::uint32_t confirm_within_s = 0;
  std::string comment{};
  bool dry_run = false;
};
struct ListGenerations {};
struct Get {
  config::Kind kind = config::Kind::kSession;
  std::string name{};
  std::uint64_t generation = 0;
};
struct List {
  std::optional<config::Kind> kind{};  // none: every kind
  std::string name{};
  std::vector<config::Tag> tags{};
  bool whole = false;
  std::uint64_t generation = 0;
  std::uint32_t limit = 0;
  std::optional<config::Kind> after_kind{};
  std::string after_name{};
};
struct Watch {
  std::uint32_t interval_ms = 0;
  std::uint32_t count = 0;
  std::string session{};
  bool states = false;
  bool counters = false;
  bool hits = false;
  std::string filter{};
};
struct GetAudit {
  std::uint64_t after = 0;
  std::uint32_t limit = 0;
};
struct SetTrust {
  std::optional<std::span<const std::uint8_t>> ca{};
  std::optional<std::span<const std::uint8_t>> certificate{};
  std::optional<std::span<const std::uint8_t>> private_key{};
  std::optional<std::span<const std::uint8_t>> crl{};
  bool allow_lockout = false;
};
struct GetTrust {};
struct SetTime {
  std::uint64_t time_ns = 0;
};

using Call = std::variant<Hello, GetInfo, Begin, Edit, Commit, Abort, Confirm, Rollback, ListGenerations, Get, List,
                          Watch, GetAudit, SetTrust, GetTrust, SetTime>;

struct Request {
  std::uint64_t id = 0;
  Call call{};
};

// The variant's field name in Request: `commit`.
[[nodiscard]] std::string_view CallName(const Call& call);

// Decodes one frame without its length. What the contract does not know is refused by its path, wherever it lies,
// except in the changes of an Edit: of these only the ends are found (ConfigEditor scans them). Numbers are held to the
// contract's ranges; who may ask, and whether it can be done, is control's matter. On error `*id` is the request's id
// if it could be read, else 0. kInvalidArgument; kDataLoss.
[[nodiscard]] Result<Request> DecodeRequest(std::span<const std::uint8_t> frame, std::uint64_t* id);

// Walks the changes of an Edit.
class ChangeReader {
 public:
  explicit ChangeReader(const Edit& edit) : rest_(edit.body) {}
  // Returns false at the end.
  bool Next(std::span<const std::uint8_t>* change);

 private:
  std::span<const std::uint8_t> rest_;
};

// --- Responses. Text longer than its bound is cut at a character; what is not UTF-8 in it becomes `?`. ---

struct Welcome {
  std::string card{};
  std::string user{};
  Role role = Role::kNone;
  std::string owner{};
};
struct Info {
  std::string card{}, board{}, description{}, firmware{};
  std::uint32_t hardware_id = 0, workers = 0;
  std::uint64_t uptime_s = 0, time_ns = 0, generation = 0;
  std::uint32_t confirm_left_s = 0;
  config::Limits limits{};
  std::uint32_t sessions = 0, targets = 0, filters = 0, rules = 0, session_sources = 0, interfaces = 0;
  std::uint64_t flash_bytes = 0, flash_used_bytes = 0, oldest_generation = 0, peak_memory_bytes = 0;
  std::uint32_t connections = 0;
  std::vector<std::string> remarks{};  // the first 16 are sent
};
struct SessionState {
  std::string name{};
  std::uint32_t tunnel_id = 0;
  bool active = false;
  std::string reason{};
};
struct Committed {
  struct KindChanges {
    config::Kind kind = config::Kind::kSession;
    std::uint32_t added = 0, changed = 0, removed = 0;
  };
  std::uint64_t generation = 0;
  bool dry_run = false;
  std::vector<KindChanges> changes{};  // one a kind
  std::uint32_t sessions = 0, active_sessions = 0;
  std::vector<SessionState> inactive{};  // the first 16 are sent
  std::uint32_t confirm_within_s = 0;
};
struct GenerationLine {
  std::uint64_t number = 0, time_ns = 0;
  std::string user{}, comment{}, summary{};
  bool current = false;
  std::uint32_t confirm_left_s = 0;
};
struct ListEnd {
  std::uint64_t generation = 0;
  bool more = false;
  std::optional<config::Kind> next_kind{};
  std::string next_name{};
};
struct CertificateLine {
  std::string subject{}, issuer{}, serial{};
  std::uint64_t not_before_s = 0, not_after_s = 0;
  std::array<std::uint8_t, 32> sha256{};
};
struct TrustInfo {
  CertificateLine ca{}, certificate{};
  bool has_crl = false;
  std::uint64_t crl_next_update_s = 0;
  std::uint32_t revoked = 0;
};
struct AuditLine {
  std::uint64_t sequence = 0, time_ns = 0, generation = 0;
  Role role = Role::kNone;
  std::string user{}, owner{}, address{}, action{}, summary{}, comment{};
  std::array<std::uint8_t, 32> hash{};
};
struct InterfaceState {
  std::string name{};
  config::InterfaceKind kind = config::InterfaceKind::kVm;
  std::uint32_t number = 0;
  MacAddress mac{};
  IpAddress primary_ipv4{}, primary_ipv6{};
  std::uint32_t mtu = 0;
  bool up = false;
  std::string driver{};
};
struct FilterState {
  std::uint32_t inbound_rules = 0, outbound_rules = 0, sessions = 0;
};
struct TargetState {
  bool up = false;
  std::string reason{};
  std::uint32_t members = 0, sessions = 0;
};

// These are single responses. Each appends its frame to `out`, with its length in front, ready to send. An Error's
// resource and field are split from the subject of `status`.
void AppendError(std::uint64_t id, const Status& status, std::uint32_t change, std::string* out);
void AppendDone(std::uint64_t id, std::string* out);
void AppendWelcome(std::uint64_t id, const Welcome& welcome, std::string* out);
void AppendInfo(std::uint64_t id, const Info& info, std::string* out);
void AppendBegun(std::uint64_t id, std::uint64_t generation, std::string* out);
void AppendCommitted(std::uint64_t id, const Committed& committed, std::string* out);
// Sends the newest 64 only.
void AppendGenerations(std::uint64_t id, const std::vector<GenerationLine>& generations, std::string* out);
void AppendListEnd(std::uint64_t id, const ListEnd& end, std::string* out);
void AppendTrust(std::uint64_t id, const TrustInfo& trust, std::string* out);
void AppendTime(std::uint64_t id, std::uint64_t time_ns, std::string* out);

// Fills one frame, of at most kMaxFrameBytes, of a response with many elements. Add returns false, and adds nothing,
// when the element does not fit any more: the caller then calls Finish, sends, and begins another.
class FrameWriter {
 public:
  enum class Kind : std::uint8_t { kItems, kSnapshot, kAudit };
  struct SnapshotHead {
    std::uint64_t sequence = 0, time_ns = 0, generation = 0;
  };
  FrameWriter(Kind kind, std::uint64_t id) : kind_(kind), id_(id) {}

  // For kSnapshot: sets what every frame says from now on.
  void Begin(const SnapshotHead& head) { head_ = head; }

  struct ItemState {  // the unit's kind has one of them
    const InterfaceState* interface = nullptr;
    const TargetState* target = nullptr;
    const FilterState* filter = nullptr;
    const SessionState* session = nullptr;
    std::uint32_t sources = 0;
  };
  [[nodiscard]] bool AddItem(std::span<const std::uint8_t> unit, const ItemState& state);  // kItems
  [[nodiscard]] bool Add(const LedgerEntry& entry);                                        // kSnapshot
  [[nodiscard]] bool Add(const PortCounters& counters);
  // Adds as many rules as fit, from the `*done`-th on, and counts them in `*done`. Returns false when there are more.
  [[nodiscard]] bool Add(const RuleHits& hits, std::size_t* done);
  [[nodiscard]] bool Add(const SessionState& session);
  [[nodiscard]] bool Add(const InterfaceState& interface);
  [[nodiscard]] bool Add(const AuditLine& record);  // kAudit

  [[nodiscard]] bool empty() const { return body_.empty(); }
  // The frame with its length, appended to `out`; the writer is empty then. `more`: another response of this id
  // follows. `complete` (kSnapshot): this is the snapshot's last frame.
  void Finish(bool more, bool complete, std::string* out);

 private:
  bool AddElement(std::uint32_t tag, const std::string& message);

  Kind kind_;
  std::uint64_t id_;
  SnapshotHead head_{};
  std::string body_;  // the elements so far, encoded as fields of their message
};

}  // namespace heliostat::codec
