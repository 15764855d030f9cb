#include "storage/audit_log.h"

#include <gtest/gtest.h>

#include <cstring>

#include "emulated/emulated_flash.h"
#include "storage/crc32c.h"
#include "storage/log_format.h"

namespace heliostat::storage {
namespace {

using hal::emulated::EmulatedFlash;

constexpr hal::FlashGeometry kGeometry{4096, 16, 4};
constexpr Region kRegion{0, 4};

// This is not SHA-256, but just as good for what is shown here.
hal::Sha256Digest Digest(std::span<const std::uint8_t> bytes) {
  hal::Sha256Digest digest{};
  const std::uint32_t crc = Crc32c(bytes);
  std::memcpy(digest.data(), &crc, sizeof(crc));
  digest[31] = static_cast<std::uint8_t>(bytes.size());
  return digest;
}

std::unique_ptr<AuditLog> Open(EmulatedFlash& flash) {
  auto log = AuditLog::Open(flash, kRegion, &Digest);
  EXPECT_TRUE(log.ok()) << log.status().ToString();
  return std::move(*log);
}

AuditRecord Numbered(std::uint64_t sequence) {
  AuditRecord record;
  record.generation = sequence / 2;
  record.time_ns = sequence * 1000;
  record.role = 2;
  record.user = "alice";
  record.owner = "blue";
  record.address = "192.0.2.1:5";
  record.action = "commit";
  record.summary = "+1 session";
  record.comment = "number " + std::to_string(sequence);
  return record;
}

void AppendTo(AuditLog& log, std::uint64_t last) {
  while (log.newest().sequence < last) ASSERT_TRUE(log.Append(Numbered(log.newest().sequence + 1)).ok());
}

std::vector<AuditRecord> ReadAll(AuditLog& log, std::uint64_t after = 0, std::uint32_t limit = 0) {
  std::vector<AuditRecord> records;
  EXPECT_TRUE(log.Read(after, limit,
                       [&records](const AuditRecord& record) {
                         records.push_back(record);
                         return true;
                       })
                  .ok());
  return records;
}

TEST(AuditLog, IsEmptyAtFirst) {
  EmulatedFlash flash(kGeometry);
  const auto log = Open(flash);
  EXPECT_EQ(log->newest().sequence, 0U);
  EXPECT_TRUE(ReadAll(*log).empty());
  EXPECT_TRUE(log->damage().ok());
}

TEST(AuditLog, GivesBackWhatWasAppended) {
  EmulatedFlash flash(kGeometry);
  AppendTo(*Open(flash), 5);
  const auto log = Open(flash);
  const auto records = ReadAll(*log);
  ASSERT_EQ(records.size(), 5U);
  for (std::uint64_t i = 0; i < 5; ++i) {
    AuditRecord expected = Numbered(i + 1);
    expected.sequence = i + 1;
    expected.hash = records[i].hash;
    EXPECT_EQ(records[i], expected);
  }
  EXPECT_EQ(log->newest(), records.back());
}

TEST(AuditLog, ChainsEachRecordToTheOneBefore) {
  EmulatedFlash flash(kGeometry);
  const auto log = Open(flash);
  AppendTo(*log, 2);
  const auto records = ReadAll(*log);
  ASSERT_EQ(records.size(), 2U);
  // 3 integers of 8 bytes, a role, 6 texts with their lengths.
  const std::size_t size = 32 + 25 + 6 + 5 + 4 + 11 + 6 + 10 + 8;
  EXPECT_EQ(records[0].hash[31], size);
  EXPECT_EQ(records[1].hash[31], size);
  EXPECT_NE(records[0].hash, records[1].hash);
}

TEST(AuditLog, ReadsBehindANumberAtMostSoMany) {
  EmulatedFlash flash(kGeometry);
  const auto log = Open(flash);
  AppendTo(*log, 9);
  const auto records = ReadAll(*log, 4, 3);
  ASSERT_EQ(records.size(), 3U);
  EXPECT_EQ(records.front().sequence, 5U);
  EXPECT_EQ(records.back().sequence, 7U);
  EXPECT_TRUE(ReadAll(*log, 9).empty());
  int taken = 0;
  ASSERT_TRUE(log->Read(0, 0, [&taken](const AuditRecord&) { return ++taken < 2; }).ok());
  EXPECT_EQ(taken, 2);
}

TEST(AuditLog, DropsTheOldestWhenItIsFullAndTheChainGoesOn) {
  EmulatedFlash flash(kGeometry);
  for (std::uint64_t last = 1; last <= 200; ++last) AppendTo(*Open(flash), last);
  const auto log = Open(flash);
  EXPECT_TRUE(log->damage().ok()) << log->damage().ToString();
  const auto records = ReadAll(*log);
  EXPECT_GT(records.front().sequence, 1U);
  EXPECT_EQ(records.back().sequence, 200U);
  EXPECT_EQ(records.size(), 201 - records.front().sequence);
  EXPECT_GE(records.size(), 8192 / 2 / 150U) << "about half an area stays";
  EXPECT_TRUE(flash.violations().empty());
}

TEST(AuditLog, RefusesATextThatIsTooLong) {
  EmulatedFlash flash(kGeometry);
  const auto log = Open(flash);
  AuditRecord record = Numbered(1);
  record.comment = std::string(129, 'c');
  EXPECT_EQ(log->Append(record).subject(), "comment");
  EXPECT_EQ(log->newest().sequence, 0U);
}

// Rewrites the record that has `text` in it, checksums too: as somebody would who has the flash in hand.
void Tamper(EmulatedFlash& flash, const std::string& text, const std::string& with) {
  const std::vector<std::uint8_t> image(flash.image().begin(), flash.image().end());
  for (std::uint32_t at = 32; at + sizeof(RecordHeader) < 8192; ++at) {
    RecordHeader header;
    std::memcpy(&header, &image[at], sizeof(header));
    if (header.marker != kRecordMarker || header.crc.Get() != CrcOf(header, at)) continue;
    std::string payload(image.begin() + at + sizeof(header), image.begin() + at + sizeof(header) + header.length.Get());
    const std::size_t found = payload.find(text);
    if (found == std::string::npos) continue;
    payload.replace(found, text.size(), with);
    header.payload_crc = Be32(Crc32c({reinterpret_cast<const std::uint8_t*>(payload.data()), payload.size()}));
    header.crc = Be32(CrcOf(header, at));
    std::vector<std::uint8_t> bytes(BytesOf(header).begin(), BytesOf(header).end());
    bytes.insert(bytes.end(), payload.begin(), payload.end());
    std::vector<std::uint8_t> changed = image;
    std::copy(bytes.begin(), bytes.end(), changed.begin() + at);
    flash = EmulatedFlash(kGeometry, changed);
    return;
  }
  FAIL() << text << " is not there";
}

TEST(AuditLog, ShowsThatARecordWasAltered) {
  EmulatedFlash flash(kGeometry);
  AppendTo(*Open(flash), 6);
  Tamper(flash, "number 3", "number 4");
  const auto log = Open(flash);
  EXPECT_EQ(log->damage().code(), Code::kDataLoss);
  EXPECT_EQ(log->damage().reason(), "the hash chain does not hold at record 3");
  EXPECT_EQ(ReadAll(*log).size(), 6U) << "it can be read all the same";
}

TEST(AuditLog, ShowsThatARecordHasRottenAndReadsTheOthers) {
  EmulatedFlash flash(kGeometry);
  AppendTo(*Open(flash), 6);
  const std::string text = "number 3";
  const auto image = flash.image();
  const auto found = std::search(image.begin(), image.end(), text.begin(), text.end());
  ASSERT_NE(found, image.end());
  flash.Flip(static_cast<std::uint64_t>(found - image.begin()), 0);
  {
    const auto log = Open(flash);
    EXPECT_EQ(log->damage().code(), Code::kDataLoss);
    EXPECT_EQ(ReadAll(*log).size(), 5U);
    EXPECT_EQ(log->newest().sequence, 6U);
    ASSERT_TRUE(log->Append(Numbered(7)).ok());
  }
  const auto log = Open(flash);
  EXPECT_EQ(log->damage().code(), Code::kDataLoss) << "the gap stays visible";
  EXPECT_EQ(log->damage().reason(), "record 4 follows on 2");
  EXPECT_EQ(ReadAll(*log).size(), 6U);
}

TEST(AuditLog, ChangesNothingWhenTheDeviceFails) {
  for (std::uint64_t skip = 1; skip <= 8; ++skip) {
    EmulatedFlash flash(kGeometry);
    const auto log = Open(flash);
    AppendTo(*log, 4);
    flash.FailAt(flash.operations() + skip);
    Status status;
    while (status.ok()) status = log->Append(Numbered(log->newest().sequence + 1));
    EXPECT_EQ(status.code(), Code::kUnavailable);
    const std::uint64_t last = log->newest().sequence;
    EXPECT_EQ(ReadAll(*log).back().sequence, last);
    EXPECT_EQ(Open(flash)->newest().sequence, last);
    AppendTo(*log, last + 2);
    EXPECT_EQ(ReadAll(*Open(flash)).size(), last + 2);
  }
}

}  // namespace
}  // namespace heliostat::storage
