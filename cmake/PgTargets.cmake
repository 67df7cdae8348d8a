include(GoogleTest)

# pg_add_library(NAME SOURCES a.cc ... LIBS pg::x ...): static library pg_NAME with alias pg::NAME.
function(pg_add_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LIBS" ${ARGN})
  add_library(pg_${name} STATIC ${ARG_SOURCES})
  add_library(pg::${name} ALIAS pg_${name})
  target_link_libraries(pg_${name} PUBLIC pg::options ${ARG_LIBS})
endfunction()

# pg_add_test(NAME SOURCES a_test.cc ... LIBS pg::x ... [LABEL fast|slow|data]): a GoogleTest program; each case is
# one ctest, named after the property it states. PG_SOURCE_DIR is defined for fixtures.
function(pg_add_test name)
  if(NOT PG_BUILD_TESTS)
    return()
  endif()
  cmake_parse_arguments(ARG "" "LABEL" "SOURCES;LIBS" ${ARGN})
  if(NOT ARG_LABEL)
    set(ARG_LABEL fast)
  endif()
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE pg::options ${ARG_LIBS} GTest::gtest GTest::gmock GTest::gtest_main)
  target_compile_definitions(${name} PRIVATE PG_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  gtest_discover_tests(${name} DISCOVERY_TIMEOUT 60 PROPERTIES LABELS ${ARG_LABEL} TIMEOUT 300)
endfunction()
