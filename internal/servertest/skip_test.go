package servertest_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/notifykit/notify/internal/servertest"
)

// needs are the tests that start servers, with the programs that each must have.
var needs = map[string][]string{
	"TestPostgreSQL":             {"initdb", "postgres", "psql"},
	"TestMariaDB":                {"mariadb-install-db", "mariadbd", "mariadb"},
	"TestRedis":                  {"redis-server"},
	"TestRedisCluster":           {"redis-server"},
	"TestProxy":                  {"redis-server"},
	"TestServersEndWithTheTests": {"initdb", "postgres", "psql", "redis-server"},
}

// Each test skips if any one program that it needs is not installed, with the name
// of the Debian package, and fails if everything must be there. It must not look for
// a program only after it has begun.
func TestMissingPrograms(t *testing.T) {
	packages := map[string]string{"initdb": "postgresql", "postgres": "postgresql", "psql": "postgresql", "mariadb-install-db": "mariadb-server",
		"mariadbd": "mariadb-server", "mariadb": "mariadb-server", "redis-server": "redis-server"}
	for test, programs := range needs {
		for _, program := range programs {
			t.Run(test+" without "+program, func(t *testing.T) {
				out, err := runWithout(t, test, program, "")
				if err != nil || !strings.Contains(out, "--- SKIP: "+test) || !strings.Contains(out, program+" is not installed: apt-get install "+packages[program]) {
					t.Errorf("%v\n%s", err, out)
				}
				out, err = runWithout(t, test, program, "1")
				if err == nil || !strings.Contains(out, "--- FAIL: "+test) || !strings.Contains(out, "apt-get install "+packages[program]) {
					t.Errorf("where everything must be there: %v\n%s", err, out)
				}
			})
		}
	}
}

// runWithout runs one test in a process of its own, without a program.
func runWithout(t *testing.T, test, program, require string) (out string, err error) {
	t.Helper()
	c := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+test+"$", "-test.v")
	c.Env = append(os.Environ(), "NOTIFY_TEST_WITHOUT=of-no-name,"+program, "NOTIFY_REQUIRE_SERVICES="+require)
	text, err := c.CombinedOutput()
	return string(text), err
}

func TestProgram(t *testing.T) {
	t.Setenv("NOTIFY_TEST_WITHOUT", "")
	for _, places := range [][]string{{"sh"}, {"of-no-name", "sh"}, {"of-no-name", "/bin/s[h]"}} {
		if path := servertest.Program(t, "dash", places...); !strings.HasSuffix(path, "/sh") {
			t.Errorf("%v: %q", places, path)
		}
	}
}
