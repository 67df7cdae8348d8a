# LibTorch for the second layer of reference/ (model, optim, train, eval, dist), without find_package(Torch): that
# does not link against a wheel that came without its dependencies, and changes the settings of every CUDA target.
#
#   PG_WITH_TORCH   ON: build that layer. OFF: leave it out; pgref then says what is missing. AUTO: ON where LibTorch is
#   PG_TORCH_PYTHON a Python with PyTorch 2.9 to 2.15, to use its libraries instead of third_party/torch; at first taken from the environment
#   PG_WITH_CUDA    AUTO: build the CUDA and NCCL code where there are a toolkit and a LibTorch with CUDA. ON, OFF
#
#   pg::torch_cpu   ATen, autograd and c10d with Gloo
#   pg::torch_cuda  the same and CUDA, c10d with NCCL. It links without a driver and runs only on a full installation
set(PG_WITH_TORCH AUTO CACHE STRING "Build the native reference on LibTorch: AUTO, ON or OFF")
set(PG_TORCH_PYTHON "$ENV{PG_TORCH_PYTHON}" CACHE FILEPATH "A Python whose PyTorch is used instead of third_party/torch")
set(PG_WITH_CUDA AUTO CACHE STRING "Build the CUDA code: AUTO, ON or OFF")
set(PG_HAVE_TORCH OFF)
set(PG_HAVE_CUDA OFF)
set(pg_torch_fetched "${PROJECT_SOURCE_DIR}/third_party/torch/made_from.txt")
if(PG_WITH_TORCH STREQUAL "OFF" OR (PG_WITH_TORCH STREQUAL "AUTO" AND NOT PG_TORCH_PYTHON AND NOT EXISTS "${pg_torch_fetched}"))
  if(PG_WITH_CUDA STREQUAL "ON")
    message(FATAL_ERROR "PG_WITH_CUDA=ON, but LibTorch is left out. Run ci/fetch_torch or name a Python that has it (-DPG_TORCH_PYTHON=...), or leave the CUDA code out (-DPG_WITH_CUDA=OFF).")
  endif()
  message(STATUS "LibTorch: left out; pgref trains and evaluates nothing in this build")
  return()
endif()

if(PG_TORCH_PYTHON)
  execute_process(COMMAND "${PG_TORCH_PYTHON}" -c "import os,torch;print(os.path.dirname(torch.__file__));print(torch.__version__)"
                  OUTPUT_VARIABLE pg_torch_answer RESULT_VARIABLE pg_torch_failed OUTPUT_STRIP_TRAILING_WHITESPACE)
  if(pg_torch_failed)
    message(FATAL_ERROR "${PG_TORCH_PYTHON} cannot import torch. Install PyTorch 2.9 to 2.15 there, or leave PG_TORCH_PYTHON empty and run ci/fetch_torch.")
  endif()
  string(REPLACE "\n" ";" pg_torch_answer "${pg_torch_answer}")
  list(GET pg_torch_answer 0 pg_torch_home)
  list(GET pg_torch_answer 1 pg_torch_version)
  if(pg_torch_version VERSION_LESS 2.9 OR pg_torch_version VERSION_GREATER_EQUAL 2.16)
    message(FATAL_ERROR "${PG_TORCH_PYTHON} has PyTorch ${pg_torch_version}; 2.9 to 2.15 can be used. Leave PG_TORCH_PYTHON empty and run ci/fetch_torch.")
  endif()
else()
  set(pg_torch_home "${PROJECT_SOURCE_DIR}/third_party/torch/torch")
  if(NOT EXISTS "${pg_torch_fetched}")
    message(FATAL_ERROR "LibTorch is not in third_party/. Run ci/fetch_torch (ci/setup does it as well), name a Python that has it (-DPG_TORCH_PYTHON=...), or leave the native reference out (-DPG_WITH_TORCH=OFF).")
  endif()
endif()

set(PG_HAVE_TORCH ON)
add_library(pg_torch_cpu INTERFACE)
add_library(pg::torch_cpu ALIAS pg_torch_cpu)
# The wheel has headers of another fmt among its own and not the library for them: ours come first.
get_target_property(pg_fmt_include fmt::fmt INTERFACE_INCLUDE_DIRECTORIES)
file(MAKE_DIRECTORY "${PROJECT_BINARY_DIR}/fmt_first")
file(CREATE_LINK "${pg_fmt_include}/fmt" "${PROJECT_BINARY_DIR}/fmt_first/fmt" SYMBOLIC)
target_include_directories(pg_torch_cpu SYSTEM INTERFACE "${PROJECT_BINARY_DIR}/fmt_first" "${pg_torch_home}/include" "${pg_torch_home}/include/torch/csrc/api/include")
# AT_PER_OPERATOR_HEADERS: Torch's headers then include single operations, which saves seconds per file.
target_compile_definitions(pg_torch_cpu INTERFACE USE_DISTRIBUTED USE_C10D_GLOO AT_PER_OPERATOR_HEADERS)
# gcc 12 takes the release of a moved-from tensor for an access behind it (GCC bug 105762 and its like).
target_compile_options(pg_torch_cpu INTERFACE $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-Wno-array-bounds>)
target_link_options(pg_torch_cpu INTERFACE "LINKER:--no-as-needed" "LINKER:-rpath,${pg_torch_home}/lib" "LINKER:-rpath-link,${pg_torch_home}/lib:${pg_torch_home}/../nvidia/cu13/lib")
target_link_libraries(pg_torch_cpu INTERFACE "${pg_torch_home}/lib/libtorch_cpu.so" "${pg_torch_home}/lib/libc10.so" Threads::Threads)

if(PG_WITH_CUDA STREQUAL "OFF")
  return()
endif()
find_package(CUDAToolkit QUIET)
find_path(PG_NCCL_INCLUDE nccl.h HINTS ${CUDAToolkit_INCLUDE_DIRS})
set(pg_no_cuda "")
if(PG_SANITIZE)
  set(pg_no_cuda "sanitizers (PG_SANITIZE=${PG_SANITIZE}) do not work with it")
elseif(NOT CUDAToolkit_FOUND OR NOT PG_NCCL_INCLUDE)
  set(pg_no_cuda "there is no CUDA toolkit or no nccl.h")
elseif(NOT EXISTS "${pg_torch_home}/lib/libtorch_cuda.so")
  set(pg_no_cuda "the LibTorch in ${pg_torch_home} was built without CUDA (it has no lib/libtorch_cuda.so)")
endif()
if(pg_no_cuda)
  if(PG_WITH_CUDA STREQUAL "ON")
    message(FATAL_ERROR "PG_WITH_CUDA=ON, but ${pg_no_cuda}. Mend that, or leave the CUDA code out (-DPG_WITH_CUDA=OFF).")
  endif()
  message(STATUS "CUDA: left out; ${pg_no_cuda}")
  return()
endif()
set(PG_HAVE_CUDA ON)
add_library(pg_torch_cuda INTERFACE)
add_library(pg::torch_cuda ALIAS pg_torch_cuda)
target_include_directories(pg_torch_cuda SYSTEM INTERFACE ${CUDAToolkit_INCLUDE_DIRS} "${PG_NCCL_INCLUDE}")
target_compile_definitions(pg_torch_cuda INTERFACE USE_C10D_NCCL)
target_compile_options(pg_torch_cuda INTERFACE $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-Wno-interference-size>)
# The wheel's own dependencies (cuDNN, cuSPARSELt, NVSHMEM, the driver) are not needed to link.
target_link_options(pg_torch_cuda INTERFACE "LINKER:--allow-shlib-undefined")
target_link_libraries(pg_torch_cuda INTERFACE pg::torch_cpu "${pg_torch_home}/lib/libtorch.so" "${pg_torch_home}/lib/libtorch_cuda.so" "${pg_torch_home}/lib/libc10_cuda.so")
