# The targets are the steps of .ci/run, which needs no make. `make` runs all of them.
.PHONY: all install format lint tidy test race fuzz bench quickstart cross

all:
	bash .ci/run

install format lint tidy test race fuzz bench quickstart cross:
	bash .ci/run $@
