# Headers that nearly every file reads, precompiled once for all targets that are compiled alike. No file may count on
# them: the presets without them (CMAKE_DISABLE_PRECOMPILE_HEADERS) would not build it.
#
# A header belongs here when reading it is what costs. CLI11 and nlohmann/json do not: their globals and inline
# functions are compiled again in every file that has them, used or not, which takes longer than reading saves.
set(precompiled_headers <algorithm> <array> <charconv> <chrono> <functional> <map> <memory> <optional> <span> <string>
    <string_view> <utility> <variant> <vector>)

# Linked -> the headers that come with it. DPDK comes with machine options, and gcc takes a precompiled header only with
# those that it was made with.
set(precompiled_with heliostat_dpdk_archives fmt::fmt GTest::gtest heliostat::proto_host)
set(precompiled_heliostat_dpdk_archives "")
set(precompiled_fmt::fmt <fmt/format.h>)
set(precompiled_GTest::gtest <gmock/gmock.h> <gtest/gtest.h>)
set(precompiled_heliostat::proto_host <control.pb.h>)

# Adds to the list `into` what `targets` link, and what that passes on.
function(heliostat_reach into targets)
  foreach(target IN LISTS targets)
    if(TARGET ${target} AND NOT target IN_LIST ${into})
      list(APPEND ${into} ${target})
      get_target_property(further ${target} INTERFACE_LINK_LIBRARIES)
      heliostat_reach(${into} "${further}")
    endif()
  endforeach()
  set(${into} "${${into}}" PARENT_SCOPE)
endfunction()

function(heliostat_precompile_target target links)
  set(reached)
  heliostat_reach(reached "${links}")
  set(carrier heliostat_precompiled)
  set(with)
  set(headers ${precompiled_headers})
  foreach(linked IN LISTS precompiled_with)
    # Other files than helioctl's and its tests that have the host's protobuf are too few to be worth one more.
    if(linked STREQUAL heliostat::proto_host AND NOT with MATCHES "^(fmt::fmt|GTest::gtest)$")
      continue()
    endif()
    if(linked IN_LIST reached)
      string(MAKE_C_IDENTIFIER "${carrier}_${linked}" carrier)
      list(APPEND with ${linked})
      list(APPEND headers ${precompiled_${linked}})
    endif()
  endforeach()
  if(NOT TARGET ${carrier})
    file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/precompiled.cc CONTENT "// Only its headers matter.\n")
    add_library(${carrier} OBJECT EXCLUDE_FROM_ALL ${CMAKE_BINARY_DIR}/precompiled.cc)
    target_link_libraries(${carrier} PRIVATE ${with})
    target_precompile_headers(${carrier} PRIVATE ${headers})
  endif()
  target_precompile_headers(${target} REUSE_FROM ${carrier})

  # gcc crashes where a file is optimized otherwise than what was precompiled.
  get_target_property(folder ${target} SOURCE_DIR)
  get_target_property(sources ${target} SOURCES)
  foreach(source IN LISTS sources)
    cmake_path(ABSOLUTE_PATH source BASE_DIRECTORY ${folder})
    get_property(options SOURCE ${source} TARGET_DIRECTORY ${target} PROPERTY COMPILE_OPTIONS)
    if(options)
      set_property(SOURCE ${source} TARGET_DIRECTORY ${target} PROPERTY SKIP_PRECOMPILE_HEADERS ON)
    endif()
  endforeach()
endfunction()

# All of the project's own targets (those held to its warnings) below `directory`.
function(heliostat_precompile directory)
  get_property(targets DIRECTORY ${directory} PROPERTY BUILDSYSTEM_TARGETS)
  foreach(target IN LISTS targets)
    get_target_property(links ${target} LINK_LIBRARIES)
    get_target_property(sources ${target} SOURCES)
    if(sources AND "heliostat_warnings" IN_LIST links)
      heliostat_precompile_target(${target} "${links}")
    endif()
  endforeach()
  get_property(folders DIRECTORY ${directory} PROPERTY SUBDIRECTORIES)
  foreach(folder IN LISTS folders)
    heliostat_precompile(${folder})
  endforeach()
endfunction()
