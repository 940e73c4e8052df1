// Command recorder writes the test vectors of ../README.md.
//
// scalars.json and scalar-sweep.txt come from sigs.k8s.io/yaml (the library
// inside kubectl), block-scalars.json and documents.json from kubectl itself.
package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"sync"
	"unicode/utf8"

	"sigs.k8s.io/yaml"
)

var kubectl = flag.String("kubectl", "kubectl", "kubectl program")

func main() {
	log.SetFlags(0)
	out := flag.String("out", "..", "directory to write to")
	delta := flag.String("delta", "", "only record the rows of documents.json that -kubectl reads differently, to this file of -out")
	verify := flag.Bool("verify", false, "compare scalars.json and scalar-sweep.txt with kubectl instead of recording")
	flag.Parse()
	if *verify {
		verifyAll(*out)
		return
	}
	if *delta != "" {
		recordDocuments(filepath.Join(*out, *delta), filepath.Join(*out, "documents.json"))
		return
	}
	recordScalars(filepath.Join(*out, "scalars.json"))
	recordSweep(filepath.Join(*out, "scalar-sweep.txt"))
	recordBlocks(filepath.Join(*out, "block-scalars.json"))
	recordDocuments(filepath.Join(*out, "documents.json"), "")
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// encode is json.Marshal without the HTML escapes.
func encode(v any) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	check(e.Encode(v))
	return strings.TrimSuffix(b.String(), "\n")
}

// decode keeps numbers as they are written.
func decode(text []byte) any {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var v any
	check(d.Decode(&v))
	return v
}

// writeRows writes a JSON array with one row per line.
func writeRows[T any](path string, rows []T) {
	var b strings.Builder
	b.WriteString("[\n")
	for i, r := range rows {
		b.WriteString(encode(r))
		if i+1 < len(rows) {
			b.WriteByte(',')
		}
		b.WriteByte('\n')
	}
	b.WriteString("]\n")
	check(os.WriteFile(path, []byte(b.String()), 0o644))
	fmt.Printf("%s: %d rows\n", filepath.Base(path), len(rows))
}

// ---- sigs.k8s.io/yaml ------------------------------------------------------

type scalarRow struct {
	Text    string  `json:"text"`
	Type    string  `json:"type"`
	String  *string `json:"string,omitempty"`
	JSON    string  `json:"json,omitempty"`
	Key     *string `json:"key"`
	Message string  `json:"message,omitempty"`
}

// readValue reads `k: TEXT`.
func readValue(text string) (row scalarRow) {
	row.Text = text
	j, err := yaml.YAMLToJSON([]byte("k: " + text + "\n"))
	if err != nil {
		row.Type, row.Message = "error", err.Error()
		return
	}
	m, ok := decode(j).(map[string]any)
	if !ok {
		log.Fatalf("%q: not a mapping: %s", text, j)
	}
	v, ok := m["k"]
	if !ok || len(m) != 1 {
		log.Fatalf("%q: not one key: %s", text, j)
	}
	switch v := v.(type) {
	case nil:
		row.Type = "null"
	case bool:
		row.Type, row.JSON = "bool", fmt.Sprint(v)
	case json.Number:
		row.Type, row.JSON = "number", v.String()
	case string:
		row.Type, row.String = "string", &v
	default:
		row.Type = "other"
	}
	return
}

// readKey reads `TEXT: v`; nil unless that is one entry with the value "v".
func readKey(text string) *string {
	j, err := yaml.YAMLToJSON([]byte(text + ": v\n"))
	if err != nil {
		return nil
	}
	m, ok := decode(j).(map[string]any)
	if !ok || len(m) != 1 {
		return nil
	}
	for k, v := range m {
		if v == "v" {
			return &k
		}
	}
	return nil
}

func recordScalars(path string) {
	seen := map[string]bool{}
	var rows []scalarRow
	for _, text := range scalarTexts() {
		if seen[text] {
			continue
		}
		seen[text] = true
		row := readValue(text)
		if row.Type == "other" {
			log.Fatalf("%q: not a scalar", text)
		}
		row.Key = readKey(text)
		rows = append(rows, row)
	}
	writeRows(path, rows)
}

var letters = map[string]string{"string": "S", "null": "Z", "bool": "B", "number": "N", "error": "E"}

const sweepAlphabet = "018-+._exobyn~"

func sweepTexts() (all []string) {
	last := []string{""}
	for n := 0; n < 3; n++ {
		var next []string
		for _, p := range last {
			for _, c := range sweepAlphabet {
				next = append(next, p+string(c))
			}
		}
		all = append(all, next...)
		last = next
	}
	return
}

func recordSweep(path string) {
	var b strings.Builder
	texts := sweepTexts()
	for _, t := range texts {
		l, ok := letters[readValue(t).Type]
		if !ok {
			log.Fatalf("%q: not a scalar", t)
		}
		b.WriteString(t + "\t" + l + "\n")
	}
	check(os.WriteFile(path, []byte(b.String()), 0o644))
	fmt.Printf("%s: %d rows\n", filepath.Base(path), len(texts))
}

// ---- kubectl ---------------------------------------------------------------

type result struct {
	objects []any
	err     string
}

// run feeds one stream to kubectl and returns the objects that it printed,
// without the label that the command adds.
func run(input []byte) (r result) {
	cmd := exec.Command(*kubectl, "label", "--local", "-f", "-", "x=y", "-o", "json")
	cmd.Env = append(os.Environ(), "KUBECONFIG=/dev/null")
	cmd.Stdin = bytes.NewReader(input)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if _, ok := err.(*exec.ExitError); err != nil && !ok {
		check(err)
	}
	if err != nil {
		r.err = strings.TrimSpace(stderr.String())
		if r.err == "" {
			log.Fatalf("%q: failed without a message", input)
		}
	}
	d := json.NewDecoder(&stdout)
	d.UseNumber()
	for d.More() {
		var o map[string]any
		check(d.Decode(&o))
		unlabel(o)
		r.objects = append(r.objects, o)
	}
	return
}

func unlabel(o map[string]any) {
	meta, _ := o["metadata"].(map[string]any)
	labels, _ := meta["labels"].(map[string]any)
	if labels["x"] != "y" {
		log.Fatalf("label missing: %s", encode(o))
	}
	delete(labels, "x")
	if len(labels) == 0 {
		delete(meta, "labels")
	}
	if len(meta) == 0 {
		delete(o, "metadata")
	}
}

// each calls f for 0..n-1 on a few goroutines.
func each(n int, f func(i int)) {
	var wg sync.WaitGroup
	next := make(chan int)
	for w := 0; w < 4; w++ {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for i := range next {
				f(i)
			}
		}()
	}
	for i := 0; i < n; i++ {
		next <- i
	}
	close(next)
	wg.Wait()
}

// input or input_base64, whichever can hold the bytes.
type input struct {
	Text   *string `json:"input,omitempty"`
	Base64 string  `json:"input_base64,omitempty"`
}

func newInput(s string) input {
	if utf8.ValidString(s) {
		return input{Text: &s}
	}
	return input{Base64: base64.StdEncoding.EncodeToString([]byte(s))}
}

type blockRow struct {
	Name string `json:"name"`
	input
	Value *string `json:"value,omitempty"`
	Error string  `json:"error,omitempty"`
}

func recordBlocks(path string) {
	cases := blockCases()
	uniqueNames(cases)
	rows := make([]blockRow, len(cases))
	each(len(cases), func(i int) {
		c := cases[i]
		row := blockRow{Name: c.name, input: newInput(c.input)}
		r := run([]byte(c.input))
		switch {
		case r.err != "":
			row.Error = r.err
		case len(r.objects) != 1:
			log.Fatalf("%s: %d objects", c.name, len(r.objects))
		default:
			data, _ := r.objects[0].(map[string]any)["data"].(map[string]any)
			v, ok := data["k"].(string)
			if !ok {
				log.Fatalf("%s: data.k is not a string: %s", c.name, encode(r.objects[0]))
			}
			row.Value = &v
		}
		rows[i] = row
	})
	writeRows(path, rows)
}

type docRow struct {
	Name string `json:"name"`
	input
	Kubectl *[]any   `json:"kubectl,omitempty"`
	Text    []string `json:"kubectl_text,omitempty"`
	AnyOf   [][]any  `json:"kubectl_any_of,omitempty"`
	Error   string   `json:"error,omitempty"`
}

func depth(v any) int {
	n := 0
	switch v := v.(type) {
	case map[string]any:
		for _, e := range v {
			n = max(n, 1+depth(e))
		}
	case []any:
		for _, e := range v {
			n = max(n, 1+depth(e))
		}
	}
	return n
}

// recordDocuments leaves out the rows that base has already.
func recordDocuments(path, base string) {
	cases := docCases()
	uniqueNames(cases)
	rows := make([]docRow, len(cases))
	each(len(cases), func(i int) {
		c := cases[i]
		row := docRow{Name: c.name, input: newInput(c.input)}
		runs := 3
		if c.unstable {
			runs = 80
		}
		seen := map[string]result{}
		for ; runs > 0; runs-- {
			r := run([]byte(c.input))
			seen[encode(r.objects)+r.err] = r
		}
		if (len(seen) > 1) != c.unstable {
			log.Fatalf("%s: %d different results, unstable=%v", c.name, len(seen), c.unstable)
		}
		var keys []string
		for k := range seen {
			keys = append(keys, k)
		}
		sort.Strings(keys)
		for _, k := range keys {
			r := seen[k]
			row.Error = r.err
			switch {
			case c.unstable:
				row.AnyOf = append(row.AnyOf, r.objects)
			case depth(r.objects) > 60:
				for _, o := range r.objects {
					row.Text = append(row.Text, encode(o))
				}
			case r.objects != nil:
				row.Kubectl = &r.objects
			case r.err == "":
				row.Kubectl = &[]any{}
			}
		}
		rows[i] = row
	})
	if base != "" {
		b, err := os.ReadFile(base)
		check(err)
		known := map[string]bool{}
		for _, l := range strings.Split(string(b), "\n") {
			known[strings.TrimSuffix(l, ",")] = true
		}
		rows = slices.DeleteFunc(rows, func(r docRow) bool { return known[encode(r)] })
	}
	writeRows(path, rows)
}

type testCase struct {
	name, input string
	unstable    bool
}

func uniqueNames(cases []testCase) {
	seen := map[string]bool{}
	inputs := map[string]string{}
	for _, c := range cases {
		if seen[c.name] {
			log.Fatalf("two cases called %q", c.name)
		}
		seen[c.name] = true
		if o, ok := inputs[c.input]; ok {
			log.Fatalf("%q and %q have the same input", o, c.name)
		}
		inputs[c.input] = c.name
	}
}

// ---- verify ----------------------------------------------------------------

// verifyAll feeds every scalar of the two library files to kubectl as well.
func verifyAll(dir string) {
	type want struct{ text, typ, json string }
	var wants []want
	var rows []scalarRow
	b, err := os.ReadFile(filepath.Join(dir, "scalars.json"))
	check(err)
	check(json.Unmarshal(b, &rows))
	for _, r := range rows {
		w := want{r.Text, letters[r.Type], ""}
		if r.String != nil {
			w.json = encode(*r.String)
		}
		wants = append(wants, w)
	}
	b, err = os.ReadFile(filepath.Join(dir, "scalar-sweep.txt"))
	check(err)
	for _, l := range strings.Split(strings.TrimSuffix(string(b), "\n"), "\n") {
		text, typ, _ := strings.Cut(l, "\t")
		wants = append(wants, want{text, typ, ""})
	}
	doc := func(w want) string { return cmHead + "data:\n  k: " + w.text + "\n" }
	var good, bad []want
	for _, w := range wants {
		if w.typ == "E" {
			bad = append(bad, w)
		} else {
			good = append(good, w)
		}
	}
	var all strings.Builder
	for _, w := range good {
		all.WriteString(doc(w) + "---\n")
	}
	r := run([]byte(all.String()))
	if r.err != "" || len(r.objects) != len(good) {
		log.Fatalf("%d objects for %d texts: %s", len(r.objects), len(good), r.err)
	}
	wrong := 0
	for i, w := range good {
		v, ok := r.objects[i].(map[string]any)["data"].(map[string]any)["k"]
		got := "?"
		switch v.(type) {
		case nil:
			got = "Z"
		case bool:
			got = "B"
		case json.Number:
			got = "N"
		case string:
			got = "S"
		}
		if !ok || got != w.typ || (w.json != "" && w.json != encode(v)) {
			fmt.Printf("%q: recorded %s, kubectl %s\n", w.text, w.typ, encode(v))
			wrong++
		}
	}
	var mu sync.Mutex
	each(len(bad), func(i int) {
		if r := run([]byte(doc(bad[i]))); r.err == "" {
			mu.Lock()
			defer mu.Unlock()
			fmt.Printf("%q: recorded E, kubectl %s\n", bad[i].text, encode(r.objects))
			wrong++
		}
	})
	fmt.Printf("%d accepted and %d refused texts, %d differences\n", len(good), len(bad), wrong)
	if wrong > 0 {
		os.Exit(1)
	}
}
