#include "helioctl/yaml/unit_stream.h"

#include <gtest/gtest.h>

#include <string>

namespace heliostat::helioctl {
namespace {

TEST(TakeDelimited, GivesBackWhatWasAppended) {
  v1::Unit first;
  first.mutable_header()->set_format(1);
  v1::Unit second;
  second.mutable_filter()->mutable_metadata()->set_description(std::string(300, 'x'));
  std::string stream;
  AppendDelimited(first, stream);
  AppendDelimited(second, stream);

  std::string_view rest = stream;
  v1::Unit taken;
  ASSERT_TRUE(TakeDelimited(rest, taken).ok());
  EXPECT_EQ(taken.header().format(), 1U);
  ASSERT_TRUE(TakeDelimited(rest, taken).ok());
  EXPECT_EQ(taken.filter().metadata().description().size(), 300U);
  EXPECT_TRUE(rest.empty());
}

TEST(TakeDelimited, RefusesEveryCutOfAMessage) {
  v1::Unit unit;
  unit.mutable_session()->set_filter(std::string(200, 'f'));
  std::string stream;
  AppendDelimited(unit, stream);
  for (std::size_t size = 1; size < stream.size(); ++size) {
    std::string_view cut = std::string_view(stream).substr(0, size);
    v1::Unit taken;
    EXPECT_EQ(TakeDelimited(cut, taken).code(), Code::kDataLoss) << size << " bytes";
  }
}

TEST(TakeDelimited, RefusesLengthsPastEveryMessage) {
  for (const std::string& bytes : {std::string("\xff\xff\xff\x7f"), std::string("\xff\xff\xff\xff\xff\xff\xff\xff")}) {
    std::string_view stream = bytes;
    v1::Unit taken;
    const Status status = TakeDelimited(stream, taken);
    EXPECT_EQ(status.reason(), "holds a length past every message");
  }
}

}  // namespace
}  // namespace heliostat::helioctl
