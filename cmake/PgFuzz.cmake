# pg_add_fuzz(NAME LIBS pg::x ...): fuzz target fuzz/fuzz_NAME.cc with corpus fuzz/corpus/NAME.
#   preset fuzz        libFuzzer program fuzz_NAME (clang); fuzz/run NAME builds and runs it
#   tests switched on  program replay_NAME and ctest fuzz_replay_NAME (label fast): the target over every corpus file,
#                      with any compiler, so that what fuzzing found stays fixed
function(pg_add_fuzz name)
  cmake_parse_arguments(ARG "" "" "LIBS" ${ARGN})
  set(corpus "${PROJECT_SOURCE_DIR}/fuzz/corpus/${name}")
  if(PG_BUILD_FUZZ)
    add_executable(fuzz_${name} fuzz_${name}.cc)
    target_link_libraries(fuzz_${name} PRIVATE pg::options ${ARG_LIBS})
    target_compile_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
    target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
  endif()
  if(PG_BUILD_TESTS)
    add_executable(replay_${name} fuzz_${name}.cc replay_main.cc)
    target_link_libraries(replay_${name} PRIVATE pg::options ${ARG_LIBS})
    add_test(NAME fuzz_replay_${name} COMMAND replay_${name} "${corpus}")
    set_tests_properties(fuzz_replay_${name} PROPERTIES LABELS fast TIMEOUT 300)
  endif()
endfunction()
