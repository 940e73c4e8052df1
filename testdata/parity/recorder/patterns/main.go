package main

// Records what Go's regexp decides for random patterns.
import (
	"bufio"
	"encoding/json"
	"fmt"
	"math/rand"
	"os"
	"regexp"
	"strconv"
	"strings"
)

var names = []string{"", "a", "aa", "aaa", "app", "app-config", "app.config", "b", "db", "web-1", "web-12", "x", "s", "k", "tls", "0", "-", "."}
var atoms = []string{"a", "b", "p", "x", "1", "-", ".", "s", "k", "K", "app", "web", "aa", ".*", ".+", "\\d", "\\w", "\\S", "\\s", "\\W", "\\D", "[a-z]", "[^a]", "[a-z0-9.-]+", "[A-Z]", "[]a]", "[^]a]", "[[]", "[a-]", "[-a]", "[a--b]", "[a-z&&[^b]]", "[[:alpha:]]", "[[:^digit:]]", "[[:word:]-]", "[[:foo:]]", "[[:", "[\\w.-]", "[\\d\\-]", "[^\\W]", "[\\pL]", "\\pL", "\\PL", "\\p{Lu}", "\\p{^Lu}", "\\P{^Ll}", "\\p{Latin}", "\\p{Greek}", "\\p{Foo}", "\\pN", "\\pZ", "\\p{", "\\pX", "[z-a]", "[a", "\\Qa.b\\E", "\\Q", "\\E", "\\Q\\E", "\\x61", "\\x{61}", "\\x{}", "\\x{110000}", "\\x{000000061}", "\\x6", "\\x", "\\141", "\\1", "\\8", "\\01", "\\0", "\\012", "\\17", "\\_", "\\-", "\\.", "\\a", "\\e", "\\u0061", "\\C", "\\b", "\\B", "\\A", "\\z", "\\Z", "\\<", "^", "$", "|", "|", "|", "(", "(", ")", ")", "(?:", "(?i)", "(?i:", "(?-i)", "(?s)", "(?m)", "(?U)", "(?im-s:", "(?-)", "(?-i-s)", "(?)", "(?", "(?P<n>", "(?P<n", "(?<n>", "(?P<>", "(?<a b>", "(?=a)", "(?!a)", "(?x)", "(?i-)", "*", "+", "?", "*", "+", "?", "*?", "+?", "??", "**", "{", "}", "{1}", "{0}", "{2}", "{3}", "{0,}", "{1,}", "{2,}", "{1,2}", "{0,0}", "{2,1}", "{,2}", "{01}", "{1001}", "{1000}", "{100}", "{500}", "{99999999999}", "{1,1001}", "\n", "\u00e9", "\u212a", "\u017f", "\\x{212a}", "[\u017f]", "[^\\x{212a}]", "[^k]", "[K-Z]", "\\", "\t", " ", "\\x{d800}", "[\\x{d7ff}-\\x{e000}]", "[^\\x00-\\x{10FFFF}]", "[\\x00-\\x{10FFFF}]"}

type rec struct {
	Pattern string  `json:"pattern"`
	Matches *string `json:"matches"`
}

func main() {
	n, _ := strconv.Atoi(os.Args[1])
	seed, _ := strconv.Atoi(os.Args[2])
	r := rand.New(rand.NewSource(int64(seed)))
	w := bufio.NewWriter(os.Stdout)
	defer w.Flush()
	seen := map[string]bool{}
	fmt.Fprint(w, "{\"names\": ")
	b, _ := json.Marshal(names)
	w.Write(b)
	fmt.Fprint(w, ", \"patterns\": [\n")
	emit := func(p string, first bool) {
		x := rec{Pattern: p}
		re, err := regexp.Compile(p)
		if err == nil {
			var s strings.Builder
			for _, nm := range names {
				if re.MatchString(nm) {
					s.WriteByte('1')
				} else {
					s.WriteByte('0')
				}
			}
			t := s.String()
			x.Matches = &t
		}
		b, _ := json.Marshal(x)
		if !first {
			fmt.Fprint(w, ",\n")
		}
		w.Write(b)
	}
	i := 0
	for _, a := range atoms {
		for _, p := range []string{"^" + a + "$", "a" + a} {
			if seen[p] {
				continue
			}
			seen[p] = true
			emit(p, i == 0)
			i++
		}
	}
	for i < n {
		var s strings.Builder
		if r.Intn(3) > 0 {
			s.WriteByte('^')
		}
		k := 1 + r.Intn(7)
		for j := 0; j < k; j++ {
			if r.Intn(2) == 0 {
				s.WriteString(atoms[r.Intn(13)])
			} else {
				s.WriteString(atoms[r.Intn(len(atoms))])
			}
		}
		if r.Intn(3) > 0 {
			s.WriteByte('$')
		}
		p := s.String()
		if seen[p] {
			continue
		}
		seen[p] = true
		emit(p, false)
		i++
	}
	fmt.Fprint(w, "\n]}\n")
}
