#include "unit/host_tools/scripted_card.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/byte_order.h"
#include "codec/change.h"
#include "config/difference.h"
#include "helioctl/yaml/kinds.h"
#include "helioctl/yaml/yaml_writer.h"

namespace heliostat::helioctl {
namespace {

using Outcome = hal::Transfer::Outcome;

v1::Error ErrorOf(const Status& status, std::uint32_t change) {
  v1::Error error;
  error.set_code(static_cast<std::uint32_t>(status.code()));
  error.set_resource(status.subject());
  error.set_reason(status.reason());
  error.set_fix(status.fix());
  error.set_change(change);
  return error;
}

class Connection : public hal::ByteStream {
 public:
  explicit Connection(ScriptedCard& card) : card_(card) {}

  hal::Transfer Read(std::span<std::uint8_t> out) override {
    const std::size_t bytes = std::min(out.size(), answers_.size());
    if (bytes == 0) return {.outcome = Outcome::kClosed};
    std::copy_n(answers_.begin(), bytes, out.begin());
    answers_.erase(0, bytes);
    return {.outcome = Outcome::kBytes, .bytes = bytes};
  }

  hal::Transfer Write(std::span<const std::uint8_t> bytes) override {
    asked_.append(bytes.begin(), bytes.end());
    while (asked_.size() >= 4) {
      Be32 length;
      std::copy_n(asked_.begin(), sizeof length, reinterpret_cast<char*>(&length));
      if (asked_.size() < 4 + length.Get()) break;
      v1::Request request;
      request.ParseFromString(asked_.substr(4, length.Get()));
      asked_.erase(0, 4 + length.Get());
      card_.requests.push_back(request);
      Answer(request);
    }
    return {.outcome = Outcome::kBytes, .bytes = bytes.size()};
  }

  const std::string& peer_address() const override { return peer_; }
  int descriptor() const override { return -1; }

 private:
  void Send(const v1::Request& request, v1::Response response) {
    response.set_id(request.id());
    const std::string body = response.SerializeAsString();
    const Be32 length(static_cast<std::uint32_t>(body.size()));
    answers_.append(reinterpret_cast<const char*>(&length), sizeof length);
    answers_ += body;
  }

  void Refuse(const v1::Request& request, const v1::Error& error) {
    editor_.reset();
    v1::Response response;
    *response.mutable_error() = error;
    Send(request, response);
  }

  // True when there was one to give.
  bool GiveError(const v1::Request& request, std::deque<v1::Error>& errors) {
    if (errors.empty()) return false;
    Refuse(request, errors.front());
    errors.pop_front();
    return true;
  }

  void Answer(const v1::Request& request) {
    v1::Response response;
    switch (request.call_case()) {
      case v1::Request::kHello:
        response.mutable_welcome()->set_role(v1::ADMIN);
        response.mutable_welcome()->set_card("card0");
        response.mutable_welcome()->set_user("ada");
        return Send(request, response);
      case v1::Request::kList: return AnswerList(request);
      case v1::Request::kWatch: return AnswerWatch(request);
      case v1::Request::kBegin: return AnswerBegin(request);
      case v1::Request::kEdit: return AnswerEdit(request);
      case v1::Request::kCommit: return AnswerCommit(request);
      case v1::Request::kRollback: return AnswerRollback(request);
      case v1::Request::kListGenerations:
        for (const v1::Generation& generation : card_.generations) {
          *response.mutable_generations()->add_generations() = generation;
        }
        return Send(request, response);
      case v1::Request::kSetTime:
        if (Loses()) return;
        response.mutable_time()->set_time_ns(request.set_time().time_ns());
        return Send(request, response);
      default: return Refuse(request, ErrorOf(Status(Code::kUnsupported, "", "is not in the script"), 0));
    }
  }

  // One snapshot, of hits alone.
  void AnswerWatch(const v1::Request& request) {
    v1::Response response;
    v1::Snapshot& snapshot = *response.mutable_snapshot();
    snapshot.set_generation(card_.generation);
    snapshot.set_complete(true);
    for (const v1::RuleHits& hits : card_.hits) {
      const bool wanted = request.watch().filter().empty() || request.watch().filter() == hits.filter();
      if (request.watch().hits() && wanted) *snapshot.add_readings()->mutable_hits() = hits;
    }
    Send(request, response);
  }

  void AnswerBegin(const v1::Request& request) {
    if (GiveError(request, card_.begin_errors)) return;
    if (!card_.overtakers.empty()) {
      card_.config = std::move(card_.overtakers.front());
      card_.overtakers.pop_front();
      ++card_.generation;
    }
    if (request.begin().expected_generation() != card_.generation) {
      return Refuse(request, ErrorOf(Status(Code::kAborted, "generation", "the card has another"), 0));
    }
    editor_.emplace(card_.config, config::kNoLimits);
    v1::Response response;
    response.mutable_begun()->set_generation(card_.generation);
    Send(request, response);
  }

  void AnswerEdit(const v1::Request& request) {
    std::uint32_t count = 0;
    for (const v1::Change& change : request.edit().changes()) {
      ++count;
      const std::string bytes = change.SerializeAsString();
      const Status applied = editor_->Apply({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
      if (!applied.ok()) return Refuse(request, ErrorOf(applied, count));
    }
    v1::Response response;
    response.mutable_done();
    Send(request, response);
  }

  // True: nobody hears of it.
  bool Loses() {
    if (card_.lost_answers == 0) return false;
    --card_.lost_answers;
    return true;
  }

  void Keep(const std::string& comment, const std::string& summary) {
    for (v1::Generation& generation : card_.generations) generation.set_current(false);
    v1::Generation& made = card_.generations.emplace_back();
    made.set_number(++card_.generation);
    made.set_user("ada");
    made.set_comment(comment);
    made.set_summary(summary);
    made.set_current(true);
  }

  void AnswerRollback(const v1::Request& request) {
    if (GiveError(request, card_.rollback_errors)) return;
    const v1::Rollback& rollback = request.rollback();
    const bool loses = Loses();
    if (!loses || card_.does_what_is_lost) {
      Keep(rollback.comment(), "to " + std::to_string(rollback.generation()) + ": ~1 filter");
    }
    if (loses && !card_.made_when_lost.empty()) Keep(rollback.comment(), card_.made_when_lost);
    if (loses) return;
    v1::Response response;
    response.mutable_committed()->set_generation(card_.generation);
    Send(request, response);
  }

  void AnswerCommit(const v1::Request& request) {
    if (GiveError(request, card_.commit_errors)) return;
    const bool loses = Loses();
    if (loses && !card_.does_what_is_lost) return;
    auto edited = editor_->Finish();
    if (!edited.ok()) return Refuse(request, ErrorOf(edited.status(), 0));
    v1::Response response;
    response.mutable_committed()->set_generation(card_.generation + 1);
    response.mutable_committed()->set_dry_run(request.commit().dry_run());
    if (!request.commit().dry_run()) {
      const std::string summary = config::Summarize(config::Compare(card_.config, *edited));
      card_.config = std::move(*edited);
      Keep(request.commit().comment(), summary);
    }
    editor_.reset();
    if (!loses) Send(request, response);
  }

  void AnswerList(const v1::Request& request) {
    const v1::List& list = request.list();
    for (const KindWords& kind : AllKinds()) {
      if (list.kind() != v1::KIND_UNSPECIFIED && list.kind() != kind.wire) continue;
      for (std::size_t i = 0; i < CountOf(card_.config, kind.kind); ++i) {
        if (!list.name().empty() && list.name() != NameOf(card_.config, kind.kind, i)) continue;
        SendItems(request, kind.kind, i);
      }
    }
    v1::Response end;
    end.mutable_list_end()->set_generation(card_.generation);
    Send(request, end);
  }

  void SendItems(const v1::Request& request, config::Kind kind, std::size_t index) {
    v1::Response response;
    response.set_more(true);
    const Status written = codec::WriteUnits(card_.config, kind, index, request.list().whole(), 0,
                                             [&](std::span<const std::uint8_t> unit) {
                                               response.mutable_items()->add_items()->mutable_unit()->ParseFromArray(
                                                   unit.data(), static_cast<int>(unit.size()));
                                               return OkStatus();
                                             });
    if (written.ok()) Send(request, response);
  }

  ScriptedCard& card_;
  std::string peer_ = "192.0.2.1:8789";
  std::string asked_;
  std::string answers_;
  std::optional<codec::ConfigEditor> editor_;
};

}  // namespace

std::unique_ptr<hal::ByteStream> ScriptedCard::Connect() { return std::make_unique<Connection>(*this); }

int ScriptedCard::Count(v1::Request::CallCase call) const {
  return static_cast<int>(std::count_if(requests.begin(), requests.end(),
                                        [call](const v1::Request& request) { return request.call_case() == call; }));
}

}  // namespace heliostat::helioctl
