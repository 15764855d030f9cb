#include "helioctl/remote_configuration.h"

#include <limits>
#include <utility>

#include "codec/codec.h"
#include "helioctl/unit_stream.h"

namespace heliostat::helioctl {
namespace {

// A card that commits this often between two lists is being pushed to by a program.
constexpr int kMostReads = 8;

// What the card holds is within its limits; what is wanted, the card judges.
config::Limits NoLimits() {
  constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();
  return {kNone, kNone, kNone, kNone, kNone, kNone, kNone, kNone, kNone, kNone};
}

std::span<const std::uint8_t> Bytes(const std::string& text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

Status NewerCard(Status status) {
  return Status(status.code(), status.subject(), "this helioctl can't read what the card has: " + status.reason(),
                "use a helioctl as new as the card's firmware");
}

class ListReader {
 public:
  ListReader() : decoder_(NoLimits()) {
    v1::Unit header;
    header.mutable_header()->set_format(codec::kFormat);
    failed_ = decoder_.Put(Bytes(header.SerializeAsString()));
  }

  Status Read(CardClient& client, const Selection& selection, std::uint64_t generation) {
    v1::Request request;
    v1::List& list = *request.mutable_list();
    if (selection.kind) list.set_kind(WordsOf(*selection.kind).wire);
    list.set_name(selection.name);
    list.set_whole(true);
    list.set_generation(generation);
    bool ended = false;
    HELIOSTAT_RETURN_IF_ERROR(client.Stream(std::move(request), [&](const v1::Response& response) {
      ended = response.has_list_end();
      if (ended) generation_ = response.list_end().generation();
      // What has failed is read on to its end, so that the connection stays usable.
      for (const v1::Item& item : response.items().items()) {
        if (failed_.ok() && item.has_unit()) Take(item.unit());
      }
      return true;
    }));
    if (!ended) return Status(Code::kDataLoss, "", "the card's list has no end", "check the versions of both");
    return failed_.ok() ? OkStatus() : NewerCard(failed_);
  }

  [[nodiscard]] std::uint64_t generation() const { return generation_; }

  Result<config::Config> Finish() {
    auto config = decoder_.Finish();
    return config.ok() ? std::move(config) : Result<config::Config>(NewerCard(config.status()));
  }

 private:
  void Take(const v1::Unit& unit) {
    // Every interface is listed, for its state.
    const bool unlabelled = unit.has_interface() && unit.interface().owner().empty() && unit.interface().tags().empty();
    if (!unlabelled) failed_ = decoder_.Put(Bytes(unit.SerializeAsString()));
  }

  codec::ConfigDecoder decoder_;
  Status failed_;
  std::uint64_t generation_ = 0;
};

}  // namespace

std::vector<Selection> SelectionsFor(const ResourceName& name) {
  std::vector<Selection> selections{{name.kind, name.name}};
  if (name.kind == ResourceKind::kSession) selections.push_back({ResourceKind::kTarget, {}});
  return selections;
}

Result<RemoteConfiguration> ReadRemote(CardClient& client, std::uint64_t generation) {
  const Selection all;
  return ReadRemote(client, {&all, 1}, generation);
}

Result<RemoteConfiguration> ReadRemote(CardClient& client, std::span<const Selection> selections,
                                       std::uint64_t generation) {
  for (int attempt = 0; attempt < kMostReads; ++attempt) {
    ListReader reader;
    RemoteConfiguration remote;
    bool together = true;
    for (std::size_t i = 0; i < selections.size() && together; ++i) {
      HELIOSTAT_RETURN_IF_ERROR(reader.Read(client, selections[i], generation));
      together = i == 0 || reader.generation() == remote.generation;
      remote.generation = reader.generation();
    }
    if (!together) continue;
    auto config = reader.Finish();
    if (!config.ok()) return config.status();
    remote.config = std::move(*config);
    return remote;
  }
  return Status(Code::kAborted, "", "the card's configuration changes faster than it can be read", "try again");
}

Result<config::Config> ConfigOf(const std::vector<Resource>& resources) {
  return codec::DecodeConfig(Bytes(ConfigurationBytes(resources)), NoLimits());
}

}  // namespace heliostat::helioctl
