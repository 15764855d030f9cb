#include "helioctl/files.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <sstream>

#include "in_folder.h"

namespace heliostat::helioctl {
namespace {

class Files : public InFolder {
 protected:
  Files() : umask_(umask(022)) {}
  ~Files() override { umask(umask_); }
  unsigned Mode(const std::string& name) const {
    struct stat status {};
    EXPECT_EQ(stat(Path(name).c_str(), &status), 0) << name;
    return status.st_mode & 0777U;
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

}  // namespace
}  // namespace heliostat::helioctl
