# cmake --install: bin/pgverify, bin/pgref, share/pgverify/{policies,rules,schemas} and share/pgref/presets, nothing else. The program finds its data
# at <its folder>/../share/pgverify, so the prefix can be moved and both names are fixed rather than GNUInstallDirs'.
if(TARGET pgverify)
  install(TARGETS pgverify RUNTIME DESTINATION bin)
endif()
# pgref where it was built. LibTorch stays where it is: it is found there by its path, and has to be there.
if(PG_HAVE_TORCH)
  set_target_properties(pgref PROPERTIES INSTALL_RPATH "${pg_torch_home}/lib")
endif()
install(TARGETS pgref RUNTIME DESTINATION bin OPTIONAL)

# pg_install_data(FOLDER PATTERN): the files matching PATTERN in the source tree go to share/pgverify/FOLDER.
function(pg_install_data folder pattern)
  file(GLOB files CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/${pattern}")
  if(files)
    install(FILES ${files} DESTINATION "share/pgverify/${folder}")
  endif()
endfunction()
pg_install_data(policies verify/policy/*.json)
pg_install_data(rules docs/rules/PG-*.md)
pg_install_data(schemas docs/formats/*.json)
file(GLOB pg_presets CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/reference/presets/*.json")
install(FILES ${pg_presets} DESTINATION share/pgref/presets)
install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" "${PROJECT_SOURCE_DIR}/README.md" DESTINATION share/doc/pgverify)
# The program holds tree-sitter and its Python grammar (MIT): their notices go with it.
foreach(part core python)
  set(notice "${PROJECT_SOURCE_DIR}/third_party/tree_sitter/LICENSE.${part}")
  if(EXISTS "${notice}")
    install(FILES "${notice}" DESTINATION share/doc/pgverify RENAME "LICENSE.tree-sitter-${part}")
  endif()
endforeach()
