# The project's commands. `make demo` and `make test` work on a bare Debian machine: they install what is missing.
#
#   make demo      build, then train a network on handwritten digits
#   make develop   build into build/ so that PYTHONPATH=python imports it; ISAS=native compiles one instruction set
#   make test      build, then run all tests, the operator tests under each instruction set
#   make differential  random calls of every operator, compared with PyTorch's answers
#   make bench     compare with PyTorch, which gets an environment of its own; writes docs/benchmarks.md
#   make bench-quick  name what got slower, compared with PyTorch, than benchmarks/ratios.json says (3 minutes)
#   make wheel     a wheel in dist/ that needs only NumPy; make check-wheel tries it in an empty environment
#   make asan      the core tests under AddressSanitizer and UndefinedBehaviorSanitizer
#   make examples  all examples of docs/examples, with their results
#   make check-cpp  the C++ example; make test-isas  the operators under the other instruction sets
#   make properties  50,000 generated examples of what holds for every shape, stride and index, where make test takes 3,000
#   make coverage   the table of PyTorch's functions in docs/compatibility.md
#   make errors   the pages of common mistakes, docs/errors/, from tests/errors/golden/
#   make test-cuda-emulated   the CUDA library with its kernels on the CPU, for machines without a GPU; make test-cuda: with one
#   make check-cuda-build  compile the CUDA library with nvcc and open it; no GPU is needed
#   make packages  einops, timm, transformers and others on this torch and on PyTorch; writes docs/packages.md (network)
#   make docs, make format, make lint, make clean

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := develop

# The environment that everything runs in. PYTHON=/some/python makes the commands use that one and install nothing.
VENV := .venv
ifdef PYTHON
BIN := $(dir $(PYTHON))
deps := true
deps_oracle := true
else
BIN := $(CURDIR)/$(VENV)/bin/
PYTHON := $(BIN)python
deps := scripts/install_deps.sh
deps_oracle := scripts/install_deps.sh --oracle
endif

ISAS ?= all
BUILD ?= build
CMAKE_ARGS ?=
JOBS ?= $(shell nproc)
PYTEST_ARGS ?=
EXAMPLES ?= 50000
export PATH := $(BIN):$(PATH)
run := PYTHONPATH=$(CURDIR)/python $(PYTHON)
pytest = $(run) -m pytest $(PYTEST_ARGS)

# Which instruction sets this machine can run, best first, less the best (which the main run covers).
other_isas = $(shell grep -qw avx512bw /proc/cpuinfo && echo avx2 v2 || { grep -qw avx2 /proc/cpuinfo && echo v2; })

test_other_isas = for isa in $(other_isas); do \
    echo "== operators under $$isa"; TORCH_CPU_ISA=$$isa $(pytest) -q tests/ops || failed=1; done

help:
	@sed -n '3,/^$$/s/^# \{0,1\}//p' Makefile

.PHONY: test-cuda test-cuda-emulated check-cuda-build help deps deps-oracle develop demo examples test test-isas differential properties bench bench-quick coverage packages errors docs wheel check-wheel check-cpp asan format lint clean

deps:
	@$(deps)

deps-oracle:
	@$(deps_oracle)

develop: deps
	cmake -S . -B $(BUILD) -G Ninja -DPython_EXECUTABLE=$(PYTHON) -DTORCH_ISAS="$(ISAS)" $(CMAKE_ARGS)
	cmake --build $(BUILD) -j $(JOBS)
	$(PYTHON) scripts/link_inplace.py $(BUILD)

demo: develop
	$(run) docs/examples/digits_cnn.py

examples: develop
	$(run) scripts/run_examples.py

test: deps-oracle develop
	failed=0; $(pytest) tests || failed=1; $(test_other_isas); exit $$failed

# A build of its own kind: without the options, no file of the CUDA library is compiled.
test-cuda-emulated: deps
	$(MAKE) develop CMAKE_ARGS="$(CMAKE_ARGS) -DTORCH_CUDA=OFF -DTORCH_CUDA_EMULATED=ON"
	TORCH_CUDA_LIBRARY=$(CURDIR)/$(BUILD)/cuda/libtorch_cuda.so \
	  TORCH_CUDA_DRIVER=$(CURDIR)/$(BUILD)/cuda/libtorch_cuda_emulated.so $(pytest) -q tests/cuda

check-cuda-build: develop
	PYTHON=$(PYTHON) BUILD=$(BUILD) JOBS=$(JOBS) scripts/check_cuda_build.sh

test-cuda: deps
	$(MAKE) develop CMAKE_ARGS="$(CMAKE_ARGS) -DTORCH_CUDA=ON"
	$(run) -c "import torch; assert torch.cuda.is_available(), 'no GPU here: make test-cuda-emulated'"
	$(pytest) -q tests/cuda

test-isas: deps-oracle develop
	failed=0; $(test_other_isas); exit $$failed

properties: develop
	TORCH_PROPERTY_EXAMPLES=$(EXAMPLES) $(pytest) -q tests/properties

differential: deps-oracle develop
	$(run) tests/differential.py

bench: deps-oracle develop
	$(run) -m benchmarks --reference $(CURDIR)/.venv-pytorch/bin/python --page

bench-quick: deps-oracle develop
	$(run) -m benchmarks --reference $(CURDIR)/.venv-pytorch/bin/python --guard

coverage: deps-oracle develop
	$(run) scripts/api_coverage.py --reference $(CURDIR)/.venv-pytorch/bin/python --write docs/compatibility.md

packages: deps-oracle develop
	$(PYTHON) scripts/packages.py

errors: develop
	$(run) scripts/errors_page.py

docs: develop
	$(PYTHON) -m pip install -q -r docs/requirements.txt
	$(run) docs/build.py

wheel: deps
	scripts/build_wheel.sh

check-wheel: wheel
	scripts/check_wheel.sh dist/*.whl

check-cpp: develop
	scripts/check_cpp_example.sh

asan: deps
	scripts/asan.sh

format:
	git ls-files 'csrc/*.h' 'csrc/*.cpp' 'docs/*.cpp' | xargs -r clang-format -i
	$(BIN)ruff check --fix .

lint: deps
	git ls-files 'csrc/*.h' 'csrc/*.cpp' 'docs/*.cpp' | xargs -r clang-format --dry-run -Werror
	$(BIN)ruff check .
	$(BIN)mypy

clean:
	rm -rf build build-* dist docs/_build docs/reference/generated
