/*
 * The routes that are there where the configuration has none, and the words by which they are
 * known.
 *
 * Words alone stand for what they mostly mean in a task; where that is something else together with
 * its neighbours, the phrase stands with the route that is meant, and hides the word.  Verbs that
 * go with anything (write, add, create) are of code_generation, which weighs less for it.
 */
#include "agents/classify.h"

static const struct slice bug_fix[] = {
	/* clang-format off */
	S("bug"), S("bugs"), S("buggy"), S("fix"), S("hotfix"), S("repair"), S("resolve"),
	S("solve"), S("debug"), S("troubleshoot"), S("diagnose"), S("investigate"),
	S("root cause"), S("track down"), S("find out why"), S("figure out why"), S("reproduce"),
	S("crash"), S("exception"), S("error"), S("error message"), S("traceback"),
	S("stack trace"), S("stacktrace"), S("backtrace"), S("core dump"), S("panic"),
	S("segfault"), S("segmentation fault"), S("null pointer"), S("nullpointerexception"),
	S("typeerror"), S("keyerror"), S("valueerror"), S("undefined"), S("assertion failed"),
	S("fail"), S("failure"), S("broken"), S("broke"), S("break"), S("not work"),
	S("doesn't work"), S("does not work"), S("don't work"), S("no longer works"),
	S("stopped working"), S("won't start"), S("does nothing"), S("nothing happens"),
	S("wrong"), S("incorrect"), S("incorrectly"), S("wrongly"), S("unexpected"), S("faulty"),
	S("defect"), S("glitch"), S("malfunction"), S("regression"), S("off by one"),
	S("infinite loop"), S("race condition"), S("deadlock"), S("hang"), S("freeze"), S("stuck"),
	S("corrupt"), S("memory leak"), S("leak"), S("missing"), S("duplicate"),
	S("out of memory"), S("timeout"), S("flaky"), S("intermittent"), S("misbehaves"),
	S("why do i get"), S("failing test"), S("fix test"), S("broken test"), S("flaky test"),
	S("tests fail"), S("test fails"), S("tests are failing"), S("tests are red"),
	S("build fails"), S("broke build"), S("broken build"), S("patch bug"), S("workaround"),
	S("revert"), S("can no longer"), S("no longer"), S("nobody can"), S("cannot log in"),
	S("something is off"), S("went wrong"), S("does not match"), S("exits immediately"),
	S("exit code"), S("unresponsive"), S("not responding"), S("not loading"),
	/* clang-format on */
};

static const struct slice code_generation[] = {
	/* clang-format off */
	S("implement"), S("implementation of"), S("write"), S("write function"), S("write class"),
	S("write script"), S("write program"), S("write code"), S("write me"), S("create"),
	S("build"), S("add"), S("make"), S("develop"), S("generate"), S("generate code"),
	S("scaffold"), S("bootstrap"), S("boilerplate"), S("code up"), S("program"), S("set up"),
	S("setup"), S("support"), S("add support"), S("extend"), S("integrate"), S("hook up"),
	S("wire up"), S("introduce"), S("enable"), S("port"), S("convert"), S("rewrite in"),
	S("translate to"), S("new feature"), S("feature"), S("function"), S("function that"),
	S("method that"), S("class that"), S("script"), S("script that"), S("shell script"),
	S("endpoint"), S("rest endpoint"), S("api endpoint"), S("cli"), S("command line tool"),
	S("component"), S("widget"), S("button"), S("bot"), S("plugin"), S("module"), S("snippet"),
	S("prototype"), S("parser"), S("client for"), S("wrapper"), S("regex"), S("cron job"),
	S("webhook"), S("crud"), S("dockerfile"), S("from scratch"), S("let users"),
	S("allow users"), S("port to"), S("set up project"), S("option"), S("subcommand"),
	/* clang-format on */
};

static const struct slice code_review[] = {
	/* clang-format off */
	S("review"), S("code review"), S("review code"), S("peer review"), S("security review"),
	S("reviewer"), S("pull request"), S("merge request"), S("pr"), S("mr"), S("diff"),
	S("audit"), S("security audit"), S("inspect"), S("critique"), S("look over"),
	S("look at code"), S("go over"), S("go through"), S("walk through"), S("proofread"),
	S("feedback"), S("feedback on code"), S("check code"), S("check quality"),
	S("code quality"), S("quality of code"), S("code smell"), S("smell"), S("best practices"),
	S("style issues"), S("coding standards"), S("conventions"), S("what do you think"),
	S("opinion"), S("second opinion"), S("second pair of eyes"), S("pair of eyes"),
	S("sanity check"), S("before i merge"), S("before merging"), S("approve"), S("nitpick"),
	S("vulnerability"), S("security holes"), S("security issues"), S("injection"),
	S("safe from"), S("would you do differently"), S("point out"), S("assess"),
	S("evaluate code"), S("readability"), S("maintainability"), S("look at"), S("take a look"),
	S("have a look"), S("idiomatic"), S("changes"), S("second look"),
	/* clang-format on */
};

static const struct slice testing[] = {
	/* clang-format off */
	S("test"), S("unit test"), S("integration test"), S("end to end test"), S("e2e test"),
	S("e2e"), S("end to end"), S("acceptance test"), S("smoke test"), S("load test"),
	S("stress test"), S("regression test"), S("snapshot test"), S("property test"),
	S("property based"), S("property based test"), S("contract test"), S("mutation test"),
	S("functional test"), S("ui test"), S("browser test"), S("automated test"),
	S("write test"), S("add test"), S("create test"), S("generate test"), S("test case"),
	S("test suite"), S("test plan"), S("test data"), S("test coverage"), S("code coverage"),
	S("coverage"), S("edge cases"), S("tdd"), S("pytest"), S("junit"), S("jest"), S("mocha"),
	S("vitest"), S("rspec"), S("cypress"), S("playwright"), S("selenium"), S("testcontainers"),
	S("mock"), S("stub"), S("fixture"), S("assertion"), S("assert"), S("qa"),
	S("quality assurance"), S("verify"), S("validate"), S("fuzz"), S("fuzzing"),
	S("fuzz test"), S("run test"), S("cover"), S("not covered"), S("untested"), S("specs"),
	S("spec file"), S("test harness"), S("reproducible test"), S("missing test"),
	S("more test"),
	/* clang-format on */
};

static const struct slice optimization[] = {
	/* clang-format off */
	S("optimize"), S("optimise"), S("optimization"), S("optimisation"), S("performance"),
	S("improve performance"), S("performant"), S("perf"), S("fast"), S("faster"),
	S("make faster"), S("speed"), S("speed up"), S("speedup"), S("accelerate"), S("slow"),
	S("slower"), S("slowly"), S("slow down"), S("sluggish"), S("too slow"), S("takes minutes"),
	S("takes hours"), S("takes long"), S("latency"), S("response time"), S("load time"),
	S("throughput"), S("bottleneck"), S("hot path"), S("hotspot"), S("profile"), S("profiler"),
	S("profiling"), S("flame graph"), S("benchmark"), S("efficient"), S("efficiency"),
	S("inefficient"), S("expensive"), S("memory usage"), S("memory consumption"),
	S("memory footprint"), S("use less memory"), S("less memory"), S("cpu usage"),
	S("cpu time"), S("cpu load"), S("resource usage"), S("reduce"), S("reduce memory"),
	S("reduce size"), S("shrink"), S("minimize"), S("bundle size"), S("cache"), S("memoize"),
	S("lazy load"), S("n+1"), S("query plan"), S("slow query"), S("add index"),
	S("parallelize"), S("vectorize"), S("tune"), S("tuning"), S("garbage collector"),
	S("allocations"), S("refactor"), S("clean up"), S("simplify"), S("streamline"),
	S("complexity"), S("too complex"), S("under load"), S("startup time"), S("cold start"),
	S("scale better"), S("quick"), S("quicker"), S("cost"), S("costs"), S("cheaper"),
	S("bloated"), S("lag"), S("resource hungry"), S("so long"), S("take so long"),
	S("too much memory"), S("too many queries"),
	/* clang-format on */
};

static const struct slice documentation[] = {
	/* clang-format off */
	S("document"), S("documentation"), S("docs"), S("doc"), S("api docs"), S("write docs"),
	S("add docs"), S("update docs"), S("readme"), S("write readme"), S("add readme"),
	S("docstring"), S("add docstring"), S("write docstring"), S("comment"), S("code comment"),
	S("add comment"), S("write comment"), S("javadoc"), S("jsdoc"), S("doxygen"), S("sphinx"),
	S("changelog"), S("release notes"), S("tutorial"), S("how to guide"), S("howto"),
	S("guide"), S("user guide"), S("write guide"), S("installation guide"), S("style guide"),
	S("quickstart"), S("getting started"), S("handbook"), S("manual"), S("user manual"),
	S("man page"), S("help text"), S("wiki"), S("faq"), S("glossary"), S("explain"),
	S("explanation"), S("describe"), S("description"), S("summarize"), S("summary of"),
	S("write up"), S("typo"), S("fix typo"), S("spelling"), S("grammar"), S("wording"),
	S("translate"), S("markdown"), S("annotate"), S("runbook"), S("onboarding"),
	S("blog post"), S("write article"), S("article"), S("code examples"), S("with examples"),
	S("outdated docs"), S("write down"), S("write documentation"), S("add documentation"),
	S("update documentation"), S("user documentation"), S("section about"),
	/* clang-format on */
};

static const struct slice system_design[] = {
	/* clang-format off */
	S("design"), S("system design"), S("design system"), S("redesign"), S("high level design"),
	S("high level"), S("low level design"), S("design document"), S("design doc"),
	S("design pattern"), S("architecture"), S("architectural"), S("architect"), S("blueprint"),
	S("schema"), S("database schema"), S("data model"), S("domain model"),
	S("entity relationship"), S("component diagram"), S("sequence diagram"),
	S("class diagram"), S("diagram"), S("uml"), S("microservice"), S("monolith"),
	S("monolithic"), S("service boundaries"), S("bounded context"), S("event driven"),
	S("event sourcing"), S("cqrs"), S("message queue"), S("message broker"), S("distributed"),
	S("scalable"), S("scalability"), S("fault tolerant"), S("fault tolerance"),
	S("high availability"), S("highly available"), S("failover"), S("disaster recovery"),
	S("replication"), S("sharding"), S("partitioning"), S("multi tenant"), S("multi region"),
	S("topology"), S("infrastructure"), S("tech stack"), S("trade off"), S("tradeoff"),
	S("pros and cons"), S("compare"), S("which approach"), S("approach"), S("propose"),
	S("proposal"), S("rfc"), S("adr"), S("plan"), S("roadmap"), S("strategy"), S("outline"),
	S("sketch"), S("draw"), S("how should we"), S("how would you structure"),
	S("how to structure"), S("structure of system"), S("split monolith"), S("decouple"),
	S("api design"), S("design api"), S("interface between"), S("load balancing"),
	S("capacity planning"), S("migrate from"), S("migration from"), S("plan migration"),
	S("best way to structure"), S("how to organize"), S("should we use"), S("weigh options"),
	S("which database"), S("structure of project"), S("requirements for system"),
	/* clang-format on */
};

static const struct slice fixing[] = { S("debugger"), S("developer"), S("tester") },
			  generating[] = { S("architect"), S("developer"), S("reviewer"),
				  S("tester"), S("documenter") },
			  reviewing[] = { S("reviewer"), S("tester") },
			  trying[] = { S("tester"), S("developer") },
			  optimizing[] = { S("optimizer"), S("developer"), S("tester"),
				  S("reviewer") },
			  documenting[] = { S("documenter"), S("reviewer") },
			  designing[] = { S("architect"), S("developer"), S("reviewer") };

/* The words are only ever read. */
#define ROUTE(route, who, counts) \
	{ \
		.name = S(#route), .any = (struct slice *)(uintptr_t)(route), \
		.any_n = COUNT(route), .weight = (counts), \
		.agents = (struct slice *)(uintptr_t)(who), .agents_n = COUNT(who) \
	}

static const struct config_route routes[] = {
	ROUTE(bug_fix, fixing, 1.0),
	ROUTE(code_generation, generating, 0.7),
	ROUTE(code_review, reviewing, 1.0),
	ROUTE(testing, trying, 1.0),
	ROUTE(optimization, optimizing, 1.0),
	ROUTE(documentation, documenting, 1.0),
	ROUTE(system_design, designing, 1.0),
};

const struct config_route *
classify_built_in(size_t *n)
{
	*n = COUNT(routes);
	return routes;
}
