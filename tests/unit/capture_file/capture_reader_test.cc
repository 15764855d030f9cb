#include "capture_file/capture_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/capture_file/capture_bytes.h"

namespace heliostat::hal::capture_file {
namespace {

using support::Bytes;
using support::PcapHeader;
using support::PcapRecord;
using testing::HasSubstr;

const Bytes kFrame{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

class CaptureReaderTest : public testing::Test {
 protected:
  // Asks as often as a worker does between two looks for a file that is not there yet.
  std::optional<Bytes> Next() {
    for (int i = 0; i < 5'000; ++i) {
      if (const auto frame = reader_.Next()) return Bytes(frame->begin(), frame->end());
    }
    return std::nullopt;
  }
  support::TempFolder folder_;
  CaptureReader reader_{folder_.path + "/in.pcap"};
};

TEST_F(CaptureReaderTest, WaitsForFileThatIsNotThereYet) {
  EXPECT_TRUE(reader_.Check().ok());
  EXPECT_EQ(Next(), std::nullopt);
  folder_.Append("in.pcap", PcapHeader());
  folder_.Append("in.pcap", PcapRecord(kFrame));
  EXPECT_EQ(Next(), kFrame);
  EXPECT_TRUE(reader_.failed().ok());
}

TEST_F(CaptureReaderTest, GivesFrameOnlyWhenItsLastByteIsThere) {
  Bytes file = PcapHeader();
  const Bytes record = PcapRecord(kFrame);
  file.insert(file.end(), record.begin(), record.end());
  for (std::size_t i = 0; i + 1 < file.size(); ++i) {
    folder_.Append("in.pcap", {file[i]});
    EXPECT_EQ(reader_.Next(), std::nullopt) << "after byte " << i;
  }
  folder_.Append("in.pcap", {file.back()});
  EXPECT_EQ(Next(), kFrame);
  EXPECT_EQ(Next(), std::nullopt);
}

TEST_F(CaptureReaderTest, ReadsEitherByteOrderAndResolution) {
  for (const std::uint32_t magic : {0xa1b2c3d4U, 0xa1b23c4dU}) {
    for (const bool big_endian : {false, true}) {
      const std::string name = std::to_string(magic) + (big_endian ? "b" : "l");
      folder_.Append(name, PcapHeader(magic, big_endian));
      folder_.Append(name, PcapRecord(kFrame, big_endian));
      CaptureReader reader(folder_.path + "/" + name);
      const auto frame = reader.Next();
      ASSERT_TRUE(frame) << name;
      EXPECT_TRUE(std::equal(frame->begin(), frame->end(), kFrame.begin(), kFrame.end()));
    }
  }
}

TEST_F(CaptureReaderTest, KeepsFramesWholeAcrossItsBuffer) {
  folder_.Append("in.pcap", PcapHeader());
  for (std::uint8_t i = 0; i < 40; ++i) folder_.Append("in.pcap", PcapRecord(Bytes(60'000, i)));
  for (std::uint8_t i = 0; i < 40; ++i) ASSERT_EQ(Next(), Bytes(60'000, i));
}

TEST_F(CaptureReaderTest, LeavesOutWhatWasCutWhenCaptured) {
  folder_.Append("in.pcap", PcapHeader());
  folder_.Append("in.pcap", PcapRecord(kFrame, false, 1));
  folder_.Append("in.pcap", PcapRecord(kFrame));
  EXPECT_EQ(Next(), kFrame);
  EXPECT_EQ(Next(), std::nullopt);
  EXPECT_EQ(reader_.cut(), 1U);
}

TEST_F(CaptureReaderTest, RefusesOtherFormatsAndLinkTypes) {
  folder_.Append("text", Bytes(30, 'x'));
  EXPECT_THAT(CaptureReader(folder_.path + "/text").Check().ToString(), HasSubstr("no pcap file"));
  folder_.Append("cooked", PcapHeader(0xa1b2c3d4, false, 113));
  EXPECT_THAT(CaptureReader(folder_.path + "/cooked").Check().ToString(), HasSubstr("link type is 113"));
}

TEST_F(CaptureReaderTest, RefusesFolderThatIsNotThere) {
  const Status status = CaptureReader(folder_.path + "/none/in.pcap").Check();
  EXPECT_EQ(status.code(), Code::kNotFound);
  EXPECT_THAT(status.ToString(), HasSubstr("none/in.pcap"));
}

TEST_F(CaptureReaderTest, StopsAtRecordThatClaimsTooMuch) {
  Bytes file = PcapHeader();
  for (const std::uint32_t word : {0U, 0U, kLongestRecord + 1, kLongestRecord + 1})
    support::PutWord(word, false, &file);
  folder_.Append("in.pcap", file);
  EXPECT_EQ(Next(), std::nullopt);
  EXPECT_EQ(reader_.failed().code(), Code::kDataLoss);
}

}  // namespace
}  // namespace heliostat::hal::capture_file
