# pg::tree_sitter: the C library tree-sitter and its Python grammar, from the sources that ci/fetch_tree_sitter brought.
set(pg_tree_sitter_home "${PROJECT_SOURCE_DIR}/third_party/tree_sitter")
if(NOT EXISTS "${pg_tree_sitter_home}/made_from.txt")
  message(FATAL_ERROR "The sources of tree-sitter are not in third_party/. Run ci/fetch_tree_sitter (ci/setup does it as well).")
endif()
add_library(pg_tree_sitter STATIC "${pg_tree_sitter_home}/core/lib.c" "${pg_tree_sitter_home}/python/parser.c"
            "${pg_tree_sitter_home}/python/scanner.c")
add_library(pg::tree_sitter ALIAS pg_tree_sitter)
target_include_directories(pg_tree_sitter SYSTEM PUBLIC "${pg_tree_sitter_home}/include")
target_include_directories(pg_tree_sitter PRIVATE "${pg_tree_sitter_home}/core")
# Its warnings are not ours, its speed is: optimised in every preset.
target_compile_options(pg_tree_sitter PRIVATE -w -O2)
set_target_properties(pg_tree_sitter PROPERTIES C_STANDARD 11 C_EXTENSIONS ON)
