#include <gmock/gmock.h>

#include "support/unity_listener.h"

int main(int argc, char** argv) {
  testing::InitGoogleMock(&argc, argv);
  heliostat::support::UnityListener::InstallIfAsked(argc, argv);
  return RUN_ALL_TESTS();
}
