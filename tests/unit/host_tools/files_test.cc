#include "helioctl/cli/files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <sstream>
#include <vector>

#include "in_folder.h"

namespace {

// What was synced since it was cleared: inode numbers.
std::vector<ino_t>& Synced() {
  static std::vector<ino_t> synced;
  return synced;
}

}  // namespace

// In the place of the C library's, in this program.
extern "C" int fsync(int descriptor) {
  struct stat status {};
  if (fstat(descriptor, &status) == 0) Synced().push_back(status.st_ino);
  return static_cast<int>(syscall(SYS_fsync, descriptor));
}

namespace heliostat::helioctl {
namespace {

using testing::ElementsAre;

class Files : public InFolder {
 protected:
  Files() : umask_(umask(022)) {}
  ~Files() override { umask(umask_); }
  unsigned Mode(const std::string& name) const {
    struct stat status {};
    EXPECT_EQ(stat(Path(name).c_str(), &status), 0) << name;
    return status.st_mode & 0777U;
  }
  ino_t Inode(const std::string& name) const {
    struct stat status {};
    EXPECT_EQ(stat(Path(name).c_str(), &status), 0) << name;
    return status.st_ino;
  }
  std::ostringstream out_;

 private:
  mode_t umask_;
};

TEST_F(Files, KeepTheirPermissionsWhenTheyAreReplaced) {
  EXPECT_TRUE(WriteFile(Path("new"), "one", out_).ok());
  EXPECT_EQ(Mode("new"), 0644U) << "as the umask has it";
  for (const unsigned mode : {0600U, 0664U}) {
    ASSERT_EQ(chmod(Path("new").c_str(), mode), 0);
    EXPECT_TRUE(WriteFile(Path("new"), "two", out_).ok());
    EXPECT_EQ(Mode("new"), mode);
    EXPECT_EQ(Read("new"), "two");
  }
}

TEST_F(Files, AreNotWrittenThroughALinkThatSomebodyLaidThere) {
  Write("theirs", "theirs");
  const std::string beside = Path("new.new-" + std::to_string(getpid()));
  std::filesystem::create_symlink(Path("theirs"), beside);
  EXPECT_TRUE(WriteFile(Path("new"), "ours", out_).ok());
  EXPECT_EQ(Read("theirs"), "theirs");
  EXPECT_EQ(Read("new"), "ours");
  EXPECT_FALSE(std::filesystem::exists(beside));
}

TEST_F(Files, AreKeptWithTheirName) {
  for (const char* text : {"made", "replaced"}) {
    Synced().clear();
    EXPECT_TRUE(KeepFile(Path("kept"), text, 0600).ok());
    EXPECT_THAT(Synced(), ElementsAre(Inode("kept"), Inode("."))) << "the file, then its folder";
    EXPECT_EQ(Mode("kept"), 0600U);
  }
  Synced().clear();
  EXPECT_TRUE(KeepFile("kept", "by a name without a folder", 0600).ok());
  EXPECT_THAT(Synced(), ElementsAre(Inode("kept"), Inode(".")));
}

}  // namespace
}  // namespace heliostat::helioctl
