# The front door: Meson does the work, tools/setup says what the machine lacks and brings it.
# DEPS=no: nothing is installed.  PORT=: where `make run` listens.
PORT ?= 8080

.PHONY: all run check check-all bench format clean
all:
	@tools/setup build
	@test -f build/build.ninja || meson setup build
	@ninja -C build bascule
run: all
	@printf 'listen:\n  http: 127.0.0.1:%s\nupstreams:\n  - name: demo\n    command: ["%s", demo]\n' \
		'$(PORT)' '$(CURDIR)/build/bascule' >build/demo.yaml
	@exec build/bascule serve -c build/demo.yaml
check check-all:
	@tools/setup $@
	@tools/check $@
bench: all
	@tools/setup $@
	@ninja -C build
	@python3 tests/bench/run.py $(ARGS)
format:
	@tools/format
clean:
	@rm -rf build build-check build-check-*
