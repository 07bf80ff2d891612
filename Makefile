# The front door: Meson does the work, tools/setup says what the machine lacks and brings it.
# DEPS=no: nothing is installed.  PORT=: where `make run` listens; SANDBOX=: its Jira and Confluence.
PORT ?= 8080
SANDBOX ?= $(shell expr $(PORT) + 10)

.PHONY: all run check check-all bench format clean
all:
	@tools/setup build
	@test -f build/build.ninja || meson setup build
	@ninja -C build bascule
run: all
	@printf '%s\n' 'listen:' '  http: 127.0.0.1:$(PORT)' 'upstreams:' '  - name: demo' \
		'    command: ["$(CURDIR)/build/bascule", demo]' 'atlassian:' '  sandbox: 127.0.0.1:$(SANDBOX)' \
		'  sites:' '    - jira: http://127.0.0.1:$(SANDBOX)/jira' \
		'      confluence: http://127.0.0.1:$(SANDBOX)/confluence' \
		'      auth: {type: pat, token: sandbox}' >build/demo.yaml
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
