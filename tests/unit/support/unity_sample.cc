// Results of every kind, for unity_listener_test.py to look at.
#include <gtest/gtest.h>

namespace {

TEST(Plain, Passes) { SUCCEED(); }

TEST(Plain, FailsTwice) {
  EXPECT_EQ(1 + 1, 3) << "two lines:\nof text";
  EXPECT_TRUE(false);
}

TEST(Plain, SkipsWithReason) { GTEST_SKIP() << "no captures: set\nHELIOSTAT_CAPTURES"; }

TEST(Plain, SkipsWithoutReason) { GTEST_SKIP(); }

TEST(Plain, DISABLED_IsOff) { FAIL(); }

class Rows : public testing::TestWithParam<int> {};
TEST_P(Rows, AreOdd) { EXPECT_EQ(GetParam() % 2, 1); }
INSTANTIATE_TEST_SUITE_P(Small, Rows, testing::Values(1, 2));

class BrokenSuite : public testing::Test {
 protected:
  static void SetUpTestSuite() { FAIL() << "no device"; }
};
TEST_F(BrokenSuite, IsNotRun) { SUCCEED(); }

class BrokenFixture : public testing::Test {
 protected:
  void SetUp() override { FAIL() << "no port"; }
};
TEST_F(BrokenFixture, Fails) { SUCCEED(); }

}  // namespace
