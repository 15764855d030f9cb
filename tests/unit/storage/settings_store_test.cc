#include "storage/settings_store.h"

#include <gtest/gtest.h>

#include "emulated/emulated_flash.h"

namespace heliostat::storage {
namespace {

using hal::emulated::EmulatedFlash;

constexpr hal::FlashGeometry kGeometry{65536, 256, 16};
constexpr Region kRegion{0, 16};

std::unique_ptr<SettingsStore> Open(EmulatedFlash& flash, Region region = kRegion) {
  auto store = SettingsStore::Open(flash, region);
  EXPECT_TRUE(store.ok()) << store.status().ToString();
  return std::move(*store);
}

TEST(SettingsStore, GivesBackWhatWasSetLast) {
  EmulatedFlash flash(kGeometry);
  {
    const auto store = Open(flash);
    EXPECT_EQ(store->Get(Setting::kTrustCa), "");
    ASSERT_TRUE(store->Set({{Setting::kTrustCa, "one"}, {Setting::kTimeBound, "12345678"}}).ok());
    ASSERT_TRUE(store->Set({{Setting::kTrustCa, "two"}}).ok());
    EXPECT_EQ(store->Get(Setting::kTrustCa), "two");
  }
  const auto store = Open(flash);
  EXPECT_EQ(store->Get(Setting::kTrustCa), "two");
  EXPECT_EQ(store->Get(Setting::kTimeBound), "12345678");
  EXPECT_EQ(store->Get(Setting::kTrustCrl), "");
}

TEST(SettingsStore, HoldsAllOfTheLargestValues) {
  EmulatedFlash flash(kGeometry);
  std::vector<std::pair<Setting, std::string>> values;
  for (std::uint8_t setting = 1; setting <= 5; ++setting) {
    values.emplace_back(static_cast<Setting>(setting), std::string(kMaxSettingBytes, static_cast<char>('a' + setting)));
  }
  ASSERT_TRUE(Open(flash)->Set(values).ok());
  ASSERT_TRUE(Open(flash)->Set(values).ok()) << "it compacts";
  const auto store = Open(flash);
  for (const auto& [setting, value] : values) EXPECT_EQ(store->Get(setting), value);
}

TEST(SettingsStore, CompactsAndForgetsNothing) {
  EmulatedFlash flash({4096, 16, 4});
  const Region small{0, 4};
  ASSERT_TRUE(Open(flash, small)->Set({{Setting::kTrustCa, "ca"}}).ok());
  for (int i = 0; i < 3000; ++i) {
    const auto store = Open(flash, small);
    ASSERT_TRUE(store->Set({{Setting::kTimeBound, std::to_string(i)}}).ok());
    if (flash.erases() > 8) break;
  }
  EXPECT_GT(flash.erases(), 8U);
  EXPECT_EQ(Open(flash, small)->Get(Setting::kTrustCa), "ca");
}

TEST(SettingsStore, RefusesAValueThatIsTooLongAndSetsNone) {
  EmulatedFlash flash(kGeometry);
  const auto store = Open(flash);
  EXPECT_EQ(
      store->Set({{Setting::kTrustCa, "ca"}, {Setting::kTrustCrl, std::string(kMaxSettingBytes + 1, 'c')}}).code(),
      Code::kInvalidArgument);
  EXPECT_EQ(store->Get(Setting::kTrustCa), "");
}

TEST(SettingsStore, RefusesWhatDoesNotFitAndKeepsTheOldValues) {
  EmulatedFlash flash(kGeometry);
  const Region small{0, 2};
  const auto store = Open(flash, small);
  ASSERT_TRUE(store->Set({{Setting::kTrustCa, "ca"}}).ok());
  const Status status = store->Set({{Setting::kTrustCrl, std::string(kMaxSettingBytes, 'c')}});
  EXPECT_EQ(status.code(), Code::kResourceExhausted);
  EXPECT_NE(status.reason().find("131072 bytes"), std::string::npos) << status.ToString();
  EXPECT_EQ(Open(flash, small)->Get(Setting::kTrustCa), "ca");
  ASSERT_TRUE(store->Set({{Setting::kTrustCrl, "crl"}}).ok());
  EXPECT_EQ(Open(flash, small)->Get(Setting::kTrustCrl), "crl");
}

TEST(SettingsStore, TellsThatBytesHaveRottenAndMixesNoMoments) {
  EmulatedFlash flash(kGeometry);
  {
    const auto store = Open(flash);
    ASSERT_TRUE(store->Set({{Setting::kTrustCa, "ca 1"}, {Setting::kTrustCertificate, "certificate 1"}}).ok());
    ASSERT_TRUE(store->Set({{Setting::kTimeBound, "1"}}).ok());
    ASSERT_TRUE(store->Set({{Setting::kTrustCa, "ca 2"}, {Setting::kTrustCertificate, "certificate 2"}}).ok());
    ASSERT_TRUE(store->Set({{Setting::kTrustCrl, "of 2"}}).ok());
  }
  const std::string text = "certificate 2";
  const auto image = flash.image();
  const auto found = std::search(image.begin(), image.end(), text.begin(), text.end());
  ASSERT_NE(found, image.end());
  flash.Flip(static_cast<std::uint64_t>(found - image.begin()), 1);
  const auto store = Open(flash);
  EXPECT_EQ(store->damage().code(), Code::kDataLoss);
  EXPECT_EQ(store->Get(Setting::kTrustCa), "ca 1");
  EXPECT_EQ(store->Get(Setting::kTrustCertificate), "certificate 1");
  EXPECT_EQ(store->Get(Setting::kTrustCrl), "");
}

TEST(SettingsStore, ChangesNothingWhenTheDeviceFails) {
  for (std::uint64_t skip = 1; skip <= 4; ++skip) {
    EmulatedFlash flash(kGeometry);
    const auto store = Open(flash);
    ASSERT_TRUE(store->Set({{Setting::kTrustCa, "one"}, {Setting::kTrustCrl, "one"}}).ok());
    flash.FailAt(flash.operations() + skip);
    EXPECT_EQ(store->Set({{Setting::kTrustCa, "two"}, {Setting::kTrustCrl, "two"}}).code(), Code::kUnavailable);
    EXPECT_EQ(Open(flash)->Get(Setting::kTrustCa), "one");
    ASSERT_TRUE(store->Set({{Setting::kTrustCa, "three"}}).ok());
    EXPECT_EQ(Open(flash)->Get(Setting::kTrustCa), "three");
    EXPECT_EQ(Open(flash)->Get(Setting::kTrustCrl), "one");
  }
}

}  // namespace
}  // namespace heliostat::storage
