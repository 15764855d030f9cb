#include "linux/file_flash.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "storage/generation_store.h"

namespace {
std::atomic<int> folder_syncs{0};
std::atomic<off_t> unreadable{-1};  // an offset in any file
}  // namespace

// Takes the C library's place in this program, as a disk with a bad sector.
extern "C" ssize_t pread(int fd, void* out, size_t size, off_t offset) {
  if (offset <= unreadable && unreadable < offset + static_cast<off_t>(size)) {
    errno = EIO;
    return -1;
  }
  return syscall(SYS_pread64, fd, out, size, offset);
}

// Takes the C library's place in this program, since what is synced can't be seen otherwise.
extern "C" int fsync(int fd) {
  struct stat found {};
  if (fstat(fd, &found) == 0 && S_ISDIR(found.st_mode)) ++folder_syncs;
  return static_cast<int>(syscall(SYS_fsync, fd));
}

namespace heliostat::hal::linux_os {
namespace {

constexpr FlashGeometry kGeometry{4096, 16, 8};

class FileFlashTest : public testing::Test {
 protected:
  FileFlashTest() { mkdtemp(folder_.data()); }
  ~FileFlashTest() override { std::filesystem::remove_all(folder_); }
  [[nodiscard]] std::string path() const { return folder_ + "/flash"; }

  std::unique_ptr<FileFlash> Open() {
    auto opened = FileFlash::Open(path(), kGeometry);
    EXPECT_TRUE(opened.ok()) << opened.status().ToString();
    return opened.ok() ? std::move(*opened) : nullptr;
  }

 private:
  std::string folder_ = "/tmp/heliostat-linux-XXXXXX";
};

std::vector<std::uint8_t> Bytes(FileFlash& flash, std::uint64_t offset, std::size_t size) {
  std::vector<std::uint8_t> bytes(size);
  EXPECT_TRUE(flash.Read(offset, bytes).ok());
  return bytes;
}

const std::vector<std::uint8_t> kUnit = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0xff};

TEST_F(FileFlashTest, ANewFileReadsAsErasedAndIsItsOwnersAlone) {
  const auto flash = Open();
  EXPECT_EQ(Bytes(*flash, 0, kGeometry.bytes()), std::vector<std::uint8_t>(kGeometry.bytes(), kErasedByte));
  struct stat found {};
  ASSERT_EQ(stat(path().c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777U, 0600U);
  EXPECT_EQ(found.st_blocks, 0) << "it is sparse";
}

TEST_F(FileFlashTest, TakesAFileThatWasThereFromOtherUsers) {
  for (const std::uint64_t size : {std::uint64_t{0}, kGeometry.bytes()}) {
    std::ofstream(path()).close();
    std::filesystem::resize_file(path(), size);
    ASSERT_EQ(chmod(path().c_str(), 0644), 0);
    const auto flash = Open();
    struct stat found {};
    ASSERT_EQ(stat(path().c_str(), &found), 0);
    EXPECT_EQ(found.st_mode & 0777U, 0600U);
  }
}

TEST_F(FileFlashTest, LeavesTheModeOfAFileAloneThatIsNone) {
  std::ofstream(path()) << "something else";
  ASSERT_EQ(chmod(path().c_str(), 0644), 0);
  EXPECT_EQ(FileFlash::Open(path(), kGeometry).status().code(), Code::kFailedPrecondition);
  struct stat found {};
  ASSERT_EQ(stat(path().c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777U, 0644U);
}

// Whoever made the file may have been killed before it synced its name.
TEST_F(FileFlashTest, SyncsItsNameEachTimeItIsOpened) {
  for (int i = 0; i < 2; ++i) {
    const int before = folder_syncs;
    EXPECT_NE(Open(), nullptr);
    EXPECT_EQ(folder_syncs, before + 1) << i;
  }
}

TEST_F(FileFlashTest, HoldsWhatWasProgrammedWhenItIsOpenedAgain) {
  {
    const auto flash = Open();
    ASSERT_TRUE(flash->Program(4096 + 32, kUnit).ok());
    ASSERT_TRUE(flash->Sync().ok());
  }
  const auto flash = Open();
  EXPECT_EQ(Bytes(*flash, 4096 + 32, 16), kUnit);
  EXPECT_EQ(Bytes(*flash, 4096 + 16, 16), std::vector<std::uint8_t>(16, kErasedByte));
}

TEST_F(FileFlashTest, RefusesToProgramTwiceUntilErased) {
  const auto flash = Open();
  ASSERT_TRUE(flash->Program(0, kUnit).ok());
  EXPECT_EQ(flash->Program(0, std::vector<std::uint8_t>(32)).code(), Code::kInternal);
  EXPECT_EQ(Bytes(*flash, 0, 16), kUnit);
  ASSERT_TRUE(flash->Erase(0).ok());
  EXPECT_EQ(Bytes(*flash, 0, 16), std::vector<std::uint8_t>(16, kErasedByte));
  EXPECT_TRUE(flash->Program(0, std::vector<std::uint8_t>(32)).ok());
}

TEST_F(FileFlashTest, ErasesOneBlockAlone) {
  const auto flash = Open();
  for (const std::uint64_t offset : {4096U - 16, 4096U, 8192U - 16, 8192U}) {
    ASSERT_TRUE(flash->Program(offset, kUnit).ok());
  }
  ASSERT_TRUE(flash->Erase(1).ok());
  EXPECT_EQ(Bytes(*flash, 4096 - 16, 16), kUnit);
  EXPECT_EQ(Bytes(*flash, 4096, 4096), std::vector<std::uint8_t>(4096, kErasedByte));
  EXPECT_EQ(Bytes(*flash, 8192, 16), kUnit);
}

TEST_F(FileFlashTest, RefusesWhatIsNotInWholeUnitsOrBeyondTheEnd) {
  const auto flash = Open();
  std::vector<std::uint8_t> out(1);
  EXPECT_EQ(flash->Program(8, kUnit).code(), Code::kInternal);
  EXPECT_EQ(flash->Program(0, std::span(kUnit).first(8)).code(), Code::kInternal);
  EXPECT_EQ(flash->Program(kGeometry.bytes(), kUnit).code(), Code::kInternal);
  EXPECT_EQ(flash->Read(kGeometry.bytes(), out).code(), Code::kInternal);
  EXPECT_EQ(flash->Read(~std::uint64_t{0}, out).code(), Code::kInternal);
  EXPECT_EQ(flash->Erase(kGeometry.blocks).code(), Code::kInternal);
}

TEST_F(FileFlashTest, BelongsToOneCardAtATime) {
  {
    const auto flash = Open();
    const auto second = FileFlash::Open(path(), kGeometry);
    EXPECT_EQ(second.status().code(), Code::kFailedPrecondition);
    EXPECT_EQ(second.status().subject(), path());
    EXPECT_EQ(second.status().reason(), "is in use by another card");
  }
  EXPECT_NE(Open(), nullptr);
}

TEST_F(FileFlashTest, RefusesAFileOfAnotherSizeAndLeavesItAlone) {
  std::ofstream(path()) << "no flash at all";
  const auto opened = FileFlash::Open(path(), kGeometry);
  EXPECT_EQ(opened.status().code(), Code::kFailedPrecondition);
  EXPECT_EQ(opened.status().reason(), "has 15 bytes, the board's flash has 32768");
  EXPECT_EQ(std::filesystem::file_size(path()), 15U);
}

TEST_F(FileFlashTest, TakesAFileThatACutLeftEmpty) {
  { const std::ofstream empty(path()); }
  EXPECT_NE(Open(), nullptr);
  EXPECT_EQ(std::filesystem::file_size(path()), kGeometry.bytes());
}

TEST_F(FileFlashTest, NamesThePathThatCantBeUsed) {
  const std::string missing = path() + "/there/flash";
  EXPECT_EQ(FileFlash::Open(missing, kGeometry).status().code(), Code::kNotFound);
  EXPECT_EQ(FileFlash::Open(missing, kGeometry).status().subject(), missing);
  const std::string folder = std::filesystem::path(path()).parent_path();
  EXPECT_EQ(FileFlash::Open(folder, kGeometry).status().code(), Code::kFailedPrecondition);
  EXPECT_EQ(FileFlash::Open("/dev/null", kGeometry).status().code(), Code::kFailedPrecondition);
}

TEST_F(FileFlashTest, RefusesAGeometryThatNoFlashHas) {
  for (const FlashGeometry& geometry :
       {FlashGeometry{0, 1, 1}, FlashGeometry{4096, 0, 1}, FlashGeometry{4096, 3, 1}, FlashGeometry{4096, 8192, 1},
        FlashGeometry{2048, 1, 1}, FlashGeometry{1U << 21U, 1, 1}, FlashGeometry{4096, 1, 0}}) {
    EXPECT_EQ(FileFlash::Open(path(), geometry).status().code(), Code::kInvalidArgument);
  }
  EXPECT_FALSE(std::filesystem::exists(path()));
}

TEST_F(FileFlashTest, FailsWithTheReasonWhenTheFileShrinks) {
  const auto flash = Open();
  std::filesystem::resize_file(path(), 4096);
  std::vector<std::uint8_t> out(16);
  EXPECT_EQ(flash->Read(8192, out).code(), Code::kUnavailable);
}

// Only reading may tell of lost bytes: a writer that was told would take the history to be lost.
TEST_F(FileFlashTest, ErasesWhatTheDiskCantReadAndCallsNoWriteALoss) {
  const auto flash = Open();
  ASSERT_TRUE(flash->Program(4096, kUnit).ok());
  unreadable = 4096;
  std::vector<std::uint8_t> out(16);
  EXPECT_EQ(flash->Read(4096, out).code(), Code::kDataLoss);
  EXPECT_EQ(flash->Program(4096, kUnit).code(), Code::kUnavailable);
  EXPECT_EQ(flash->Erase(1).ToString(), "ok");
  unreadable = -1;
  EXPECT_EQ(Bytes(*flash, 4096, 16), std::vector<std::uint8_t>(16, kErasedByte));
  EXPECT_TRUE(flash->Program(4096, kUnit).ok());
}

TEST_F(FileFlashTest, CarriesAGenerationStoreAcrossRestarts) {
  const std::vector<std::uint8_t> change(5000, 0x5a);
  storage::GenerationStore::Options options;
  options.snapshot = [&change](std::uint64_t, const storage::Sink& sink) { return sink(change); };
  for (std::uint64_t number = 0; number < 20; ++number) {
    const auto flash = Open();
    auto store = storage::GenerationStore::Open(*flash, {1, 6}, options);
    ASSERT_TRUE(store.ok()) << store.status().ToString();
    ASSERT_EQ((*store)->current(), number);
    const auto committed = (*store)->Commit({}, [&change](const storage::Sink& sink) { return sink(change); });
    ASSERT_TRUE(committed.ok()) << committed.status().ToString();
  }
}

}  // namespace
}  // namespace heliostat::hal::linux_os
