package main

import "strings"

// cmHead is the start of every ConfigMap in these files.
const cmHead = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: x\n"

func crlf(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") }
func cr(s string) string   { return strings.ReplaceAll(s, "\n", "\r") }

// blockCases are whole ConfigMaps; data.k is the scalar in question.
func blockCases() (all []testCase) {
	raw := func(name, input string) { all = append(all, testCase{name: name, input: input}) }
	// k adds `  k: ` + text at the end of a document.
	k := func(name, text string) { raw(name, cmHead+"data:\n  k: "+text) }

	headers := []string{"|", "|-", "|+", ">", ">-", ">+"}
	bodies := []struct{ name, text string }{
		{"one line", "    a\n"},
		{"two lines", "    a\n    b\n"},
		{"leading blank line", "\n    a\n"},
		{"leading blank line with fewer spaces", "  \n   \n    a\n"},
		{"middle blank lines", "    a\n\n    b\n\n\n    c\n"},
		{"more-indented lines", "    a\n      b\n      c\n    d\n"},
		{"more-indented lines and blank lines", "    a\n\n      b\n\n    c\n    d\n"},
		{"more-indented first line after a blank line", "\n      a\n      b\n"},
		{"trailing blank lines", "    a\n\n\n"},
		{"trailing line with the indentation only", "    a\n    \n"},
		{"trailing line with more than the indentation", "    a\n      \n"},
		{"trailing line with less than the indentation", "    a\n  \n"},
		{"trailing spaces and tabs in lines", "    a  \n    b\t\n    c\n"},
		{"line that starts with a tab", "    a\n    \tb\n    c\n"},
		{"no text before the end", ""},
		{"only blank lines before the end", "\n\n"},
		{"followed by a key", "    a\n  z: w\n"},
		{"blank lines, then a key", "    a\n\n\n  z: w\n"},
		{"empty, followed by a key", "  z: w\n"},
		{"blank lines only, then a key", "\n\n  z: w\n"},
		{"blank line, comment at the key's column, then a key", "    a\n\n  # c\n\n  z: w\n"},
		{"comment at column 0, then the end", "    a\n# c\n"},
	}
	for _, h := range headers {
		for _, b := range bodies {
			k(h+" "+b.name, h+"\n"+b.text)
		}
	}
	for _, h := range headers {
		k(h+" no newline at the end of the file", h+"\n    a")
		k(h+" two lines, no newline at the end of the file", h+"\n    a\n    b")
		k(h+" end of the file after the header", h)
		k(h+" last line of indentation only, no newline", h+"\n    a\n    ")
		raw(h+" CRLF", crlf(cmHead+"data:\n  k: "+h+"\n    a\n    b\n\n      c\n\n"))
		raw(h+" CRLF, no newline at the end of the file", crlf(cmHead+"data:\n  k: "+h+"\n    a\n    b"))
		raw(h+" CRLF, then a key", crlf(cmHead+"data:\n  k: "+h+"\n    a\n\n    b\n\n  z: w\n"))
		raw(h+" lone CR as line end", cr(cmHead+"data:\n  k: "+h+"\n    a\n    b\n\n  z: w\n"))
		raw(h+" then a document marker", cmHead+"data:\n  k: "+h+"\n    a\n\n---\n")
		raw(h+" then a document end marker", cmHead+"data:\n  k: "+h+"\n    a\n\n...\n")
		raw(h+" data first, key at column 0 after it", "data:\n  k: "+h+"\n    a\n\n"+cmHead)
	}

	// Header forms.
	k("indentation 2, text at 4", "|2\n    a\n    b\n")
	k("indentation 2, text starts with blanks", "|2\n      a\n    b\n")
	k("indentation 1, text at 3", "|1\n   a\n    b\n")
	k("indentation 1, text at 4", "|1\n    a\n   b\n")
	k("indentation 4, text at 6", "|4\n      a\n        b\n")
	k("indentation 4, text at 4", "|4\n    a\n")
	k("indentation 2, blank lines first", "|2\n\n      \n    a\n")
	k("indentation 2 and strip", "|2-\n      a\n\n")
	k("strip and indentation 2", "|-2\n      a\n\n")
	k("keep and indentation 2", "|+2\n      a\n\n")
	k("indentation 2 and keep", "|2+\n      a\n\n")
	k("folded, indentation 2", ">2\n      a\n    b\n    c\n")
	k("folded, indentation 1 and strip", ">1-\n   a\n   b\n    c\n\n")
	k("folded, strip and indentation 1", ">-1\n   a\n   b\n")
	k("indentation 9", "|9\n           a\n")
	k("indentation 0", "|0\n    a\n")
	k("indentation 10", "|10\n            a\n")
	k("indentation 22", "|22\n    a\n")
	k("two chomping indicators", "|-+\n    a\n")
	k("comment after the header", "| # c\n    a\n")
	k("comment after the header with tab", "|\t# c\n    a\n")
	k("comment after the header without blank", "|# c\n    a\n")
	k("comment after indicators", "|2- # c\n      a\n")
	k("blanks after the header", "|   \n    a\n")
	k("tab after the header", ">\t\n    a\n    b\n")
	k("text after the header", "| a\n    b\n")
	k("two blanks before the header", " |\n    a\n")
	k("tab before the header", "\t|\n    a\n")
	k("header on the next line", "\n    |\n    a\n")
	k("header on the next line, text deeper", "\n    |\n      a\n")
	k("tag before the header", "!!str |\n    a\n")
	k("custom tag before the header", "!x >\n    a\n    b\n")
	k("anchor before the header", "&a |\n    a\n")
	k("binary tag and block", "!!binary |\n    aGVs\n    bG8=\n")
	k("binary tag and folded block", "!!binary >\n    aGVs\n    bG8=\n")
	k("str tag and numeric block", "!!str |-\n    80\n")
	k("block that looks like a number", "|-\n    80\n")
	k("block that looks like a boolean", ">-\n    yes\n")
	k("block that looks like null", "|-\n    null\n")
	k("str tag and tilde block", "!!str |-\n    ~\n")

	// Text of blocks.
	k("document marker inside, indented", "|\n    one\n    ---\n    two\n")
	k("document marker inside, indented by one", "|1\n   a\n   ---\n")
	k("document end marker inside, indented", "|\n    one\n    ...\n    two\n")
	raw("document marker inside, at column 0", cmHead+"data:\n  k: |\n    one\n---\n    two\n")
	k("lines that look like comments", "|\n    # a\n    b # c\n    #\n")
	k("lines that look like comments, folded", ">\n    # a\n    b # c\n    #\n")
	k("comment at the key's column inside", "|\n    a\n  # c\n    b\n")
	k("comment with less indentation inside", "|\n    a\n   # c\n    b\n")
	k("line with less indentation inside", "|\n    a\n   b\n")
	k("lines that look like YAML", "|\n    a: b\n    - c\n    {{ x }}\n    \"q\n    'r\n    \\n\n    %d\n    @\n    `\n    *z\n    &z\n    !t\n")
	k("tabs inside a line", "|\n    a\tb\n    c\t\n")
	k("text starts with a tab", "|\n    \ta\n")
	k("text starts with a tab, indentation 2", "|2\n    \ta\n    b\n")
	k("text starts with a tab, folded", ">\n    \ta\n")
	k("text starts with blanks and a tab, indentation 2", "|2\n     \ta\n")
	k("tab line after the text, indentation 2", "|2\n    a\n\t\n    b\n")
	k("tab as indentation", "|\n\ta\n")
	k("tab after fewer spaces", "|\n   \ta\n    b\n")
	k("tab line before the text", "|\n\t\n    a\n")
	k("indented tab line before the text", "|\n    \t\n    a\n")
	k("tab line after the text", "|\n    a\n\t\n")
	k("tab line after the text, then a key", "|\n    a\n\t\n  z: w\n")
	k("leading blank line with more spaces than the text", "|\n      \n    a\n")
	k("leading blank line with more spaces, folded", ">\n      \n    a\n")
	k("leading blank lines of text width", "|\n    \n    a\n")
	k("text at the key's column", "|\n  a\n")
	k("text at column 0", "|\na\n")
	k("text one column deeper than the key", "|\n   a\n   b\n")
	k("text 30 columns deep", "|\n"+strings.Repeat(" ", 30)+"a\n"+strings.Repeat(" ", 31)+"b\n")
	k("non-ASCII text", "|\n    é日本\n    😀\n")
	k("U+00A0 at the start of lines", "|\n    \u00a0a\n    \u00a0\n")
	k("U+FEFF inside", "|\n    a\ufeffb\n")
	k("NEL inside a literal", "|\n    a\u0085    b\n")
	k("NEL without indentation inside a literal", "|\n    a\u0085b\n")
	k("LS inside a literal", "|\n    a\u2028    b\n    c\n")
	k("PS inside a literal", "|\n    a\u2029    b\n    c\n")
	k("NEL inside folded", ">\n    a\u0085    b\n    c\n")
	k("LS inside folded", ">\n    a\u2028    b\n    c\n")
	k("LS at the end of a literal", "|\n    a\u2028  \n")
	k("LS at the end of a literal, strip", "|-\n    a\u2028\n")
	k("lone CR inside a literal", "|\n    a\r    b\n")
	k("lone CR inside a literal, text at column 0", "|\n    a\rb\n")
	k("lone CR at the end", "|\n    a\r")
	k("CR CR LF", "|\n    a\r\r\n    b\r\r\n")
	k("LF CR", "|\n    a\n\r    b\n\r")
	k("CRLF in one line only", "|\n    a\r\n    b\n")
	k("trailing blanks and CRLF", "|\n    a  \r\n    b\t\r\n  \r\n")
	k("control character", "|\n    a\x01b\n")
	k("DEL", "|\n    a\x7fb\n")
	k("U+0080", "|\n    a\u0080b\n")
	k("U+FFFE", "|\n    a\ufffeb\n")
	k("latin-1 byte", "|\n    caf\xe9\n")
	k("latin-1 byte in double quotes", "\"caf\xe9\"\n")
	k("truncated UTF-8 at the end", "|\n    a\xe2\x82")
	k("three invalid bytes", "|\n    a\xff\xfe\xfdb\n")
	k("surrogate as UTF-8", "|\n    a\xed\xa0\x80b\n")
	k("overlong UTF-8", "|\n    a\xc0\xafb\n")
	k("long line", "|\n    "+strings.Repeat("ab ", 2000)+"\n    c\n")
	k("long line, CRLF at the reader's buffer edge", "|\r\n    "+strings.Repeat("a", 4096)+"\r\n    c\r\n")
	k("folded: blank at the end of lines", ">\n    a \n    b \n    c\n")
	k("folded: list", ">\n    a\n    * b\n     * c\n    d\n\n\n    e\n")
	k("folded: more-indented last", ">\n    a\n      b\n\n\n")
	k("folded: tab starts more-indented", ">\n    a\n\n    \tb\n\n    c\n")
	k("folded: space line between", ">\n    a\n      \n    b\n")
	raw("block at 4 spaces", "apiVersion: v1\nkind: ConfigMap\nmetadata:\n    name: x\ndata:\n    k: |\n        a\n          b\n    z: w\n")
	raw("block at 4 spaces, text one deeper", "apiVersion: v1\nkind: ConfigMap\nmetadata:\n    name: x\ndata:\n    k: |\n     a\n      b\n    z: w\n")
	raw("block at 4 spaces, indentation 2", "apiVersion: v1\nkind: ConfigMap\nmetadata:\n    name: x\ndata:\n    k: |2\n       a\n      b\n    z: w\n")
	raw("block at 1 space", cmHead+"data:\n k: >-\n  a\n  b\n z: w\n")
	raw("quoted key", cmHead+"data:\n  \"k\": |\n    a\n")
	raw("question mark key", cmHead+"data:\n  ? k\n  : |\n    a\n")
	raw("block as key", cmHead+"data:\n  ? |-\n    k\n  : v\n")
	raw("block in a flow mapping", cmHead+"data: {k: |\n    a\n  }\n")

	// Plain scalars over several lines.
	k("plain: two lines", "a\n    b\n")
	k("plain: one column deeper", "a\n   b\n")
	k("plain: continuation at the key's column", "a\n  b\n")
	k("plain: continuation at column 0", "a\nb\n")
	k("plain: blank lines", "a\n\n    b\n\n\n    c\n")
	k("plain: blank lines at the end, then a key", "a\n    b\n\n\n  z: w\n")
	k("plain: blanks at line ends", "a  \n    b\t\n    c \n")
	k("plain: more-indented line", "a\n        b\n    c\n")
	k("plain: starts on the next line", "\n    a\n    b\n")
	k("plain: starts after blank lines", "\n\n    a\n")
	k("plain: comment ends it", "a # c\n")
	k("plain: comment between", "a # c\n    b\n")
	k("plain: comment line between", "a\n    # c\n    b\n")
	k("plain: comment before the text", "# c\n    a\n    b\n")
	k("plain: # inside", "a#b\n    c#d\n")
	k("plain: colon at a line's end", "a\n    b:\n")
	k("plain: colon inside", "a\n    b:c\n")
	k("plain: key inside", "a\n    b: c\n")
	k("plain: dash line", "a\n    - b\n")
	k("plain: indicators at line starts", "a\n    \"b\" 'c'\n    [d] {e}\n    &f *g !h |i >j %k @l `m\n    , ? -\n")
	k("plain: number and text", "80\n    81\n")
	k("plain: null and null", "null\n    null\n")
	k("plain: tabs between", "a\t\tb\n    \tc\n")
	k("plain: tab indentation", "a\n\tb\n")
	k("plain: tab line between", "a\n\t\n    b\n")
	k("plain: document marker, indented", "a\n    ---\n    b\n")
	k("plain: document marker at column 0", "a\n---\n    b\n")
	raw("plain: CRLF", crlf(cmHead+"data:\n  k: a\n    b\n\n    c\n"))
	raw("plain: lone CR", cr(cmHead+"data:\n  k: a\n    b\n\n    c\n"))
	k("plain: lone CR inside", "a\r    b\n")
	k("plain: no newline at the end of the file", "a\n    b")
	k("plain: NEL", "a\u0085    b\n")
	k("plain: NEL, rest at column 0", "a\u0085b\n")
	k("plain: LS", "a\u2028    b\n")
	k("plain: two PS", "a\u2029\u2029    b\n")
	k("plain: NBSP", "\u00a0a\u00a0\n")
	k("plain: tag, then two lines", "!!str 80\n    81\n")
	raw("plain: in a flow mapping", cmHead+"data: {k: a\n  b\n\n  c, z: w}\n")
	raw("plain: in a flow mapping at column 0", cmHead+"data: {\nk: a\nb,\nz: w\n}\n")
	raw("plain: in a flow mapping, special characters", cmHead+"data: {k: a?b:c#d-e, z: w}\n")
	raw("plain: url in a flow mapping", cmHead+"data: {k: http://x/y?z=1, z: w}\n")

	// Quoted scalars.
	for _, q := range []string{`"`, "'"} {
		n := map[string]string{`"`: "double", "'": "single"}[q]
		k(n+": two lines", q+"a\n    b"+q+"\n")
		k(n+": continuation at the key's column", q+"a\n  b"+q+"\n")
		k(n+": continuation at column 0", q+"a\nb"+q+"\n")
		k(n+": continuation at column 0, then a key", q+"a\nb: c\n"+q+"\n  z: w\n")
		k(n+": closing quote at column 0", q+"a\n"+q+"\n")
		k(n+": blank lines", q+"a\n\n    b\n\n\n    c"+q+"\n")
		k(n+": blank lines at both ends", q+"\n\n  a\n\n"+q+"\n")
		k(n+": one line break at both ends", q+"\n  a\n  "+q+"\n")
		k(n+": blanks at line ends and starts", q+" a  \n  \t  b \t\n\t\n   c "+q+"\n")
		k(n+": only a line break", q+"\n"+q+"\n")
		k(n+": only blank lines", q+"\n\n\n"+q+"\n")
		k(n+": blanks only", q+"   "+q+"\n")
		k(n+": comment sign inside", q+"a # b\n  # c"+q+" # d\n")
		k(n+": on the next line", "\n    "+q+"a"+q+"\n")
		k(n+": on the next line at the key's column", "\n  "+q+"a"+q+"\n")
		k(n+": document marker inside, indented", q+"a\n  ---\n  b"+q+"\n")
		k(n+": document marker at column 0", q+"a\n---\nb"+q+"\n")
		k(n+": document end marker at column 0", q+"a\n...\nb"+q+"\n")
		k(n+": dashes without blank at column 0", q+"a\n----\nb"+q+"\n")
		k(n+": two dashes at column 0", q+"a\n--\nb"+q+"\n")
		raw(n+": CRLF", crlf(cmHead+"data:\n  k: "+q+"a\n    b\n\n    c"+q+"\n"))
		k(n+": lone CR", q+"a\r b\r\r c"+q+"\n")
		k(n+": NEL", q+"a \u0085 b"+q+"\n")
		k(n+": LS", q+"a \u2028 b"+q+"\n")
		k(n+": two LS", q+"a\u2028\u2028b"+q+"\n")
		k(n+": PS and newline", q+"a\u2029\nb"+q+"\n")
		k(n+": tab inside", q+"a\tb"+q+"\n")
		k(n+": NBSP and BOM inside", q+"\u00a0\ufeff"+q+"\n")
		k(n+": not closed", q+"a\n")
		k(n+": no newline at the end of the file", q+"a"+q)
		k(n+": trailing comment without blank", q+"a"+q+"#c\n")
		raw(n+": in a flow mapping", cmHead+"data: {k: "+q+"a\n  b"+q+",z: w}\n")
		raw(n+": adjacent value", cmHead+"data: {"+q+"k"+q+":"+q+"a"+q+"}\n")
	}
	k("single: doubled quotes", "'it''s ''''x'\n")
	k("single: only a doubled quote", "''''\n")
	k("single: doubled quote over a line break", "'a'\n    'b'\n")
	k("single: backslashes", `'a\nb\'`+"\n")
	k("single: backslash at a line's end", "'a\\\n    b'\n")
	k("double: all simple escapes", `"\0\a\b\t\n\v\f\r\e\ \"\\\N\_\L\P"`+"\n")
	k("double: backslash and a tab", "\"a\\\tb\"\n")
	for _, e := range []string{`\0`, `\a`, `\b`, `\t`, `\n`, `\v`, `\f`, `\r`, `\e`, `\ `, `\"`, `\\`, `\/`, `\'`, `\N`, `\_`, `\L`, `\P`,
		`\x41`, `\x00`, `\x7f`, `\x80`, `\xE9`, `\xg0`, `\x4`, `\u0041`, `\u00e9`, `\u0000`, `\u2028`, `\uFEFF`, `\uFFFE`, `\uFFFF`, `\uD800`, `\uDFFF`, `\ud83d\ude00`, `\u12`,
		`\U0001F600`, `\U0010FFFF`, `\U00110000`, `\U0000D800`, `\U00000041`, `\UFFFFFFFF`, `\q`, `\1`, `\d`, `\$`, `\:`, `\X41`, `\E`, `\T`} {
		k("double: escape "+e, `"a`+e+`b"`+"\n")
	}
	k("double: backslash joins lines", "\"a\\\n    b\"\n")
	k("double: blank before the joining backslash", "\"a \\\n    b\"\n")
	k("double: joined line that starts with an escaped blank", "\"a\\\n    \\ b\"\n")
	k("double: backslash, then blank lines", "\"a\\\n\n\n    b\"\n")
	k("double: backslash and blanks before the line break", "\"a\\  \n    b\"\n")
	raw("double: backslash joins CRLF lines", crlf(cmHead+"data:\n  k: \"a\\\n    b\\\n    c\"\n"))
	k("double: backslash joins at LS", "\"a\\\u2028b\"\n")
	k("double: escaped newline, then a line break", "\"a\\n\n    b\"\n")
	k("double: escaped tab, then a line break", "\"a\\t\n    b\"\n")
	k("double: escaped blank, then a line break", "\"a\\ \n    b\"\n")
	k("double: escaped backslash at a line's end", "\"a\\\\\n    b\"\n")
	k("double: backslash before the end of the file", "\"a\\")
	k("double: joining backslash on the last line", "\"a\\\n\"\n")
	k("double: control character", "\"a\x01\"\n")
	k("double: DEL", "\"a\x7f\"\n")
	k("double: looks like a number", "\"80\"\n")
	k("double: two strings", "\"a\" \"b\"\n")
	k("double: str tag", "!!str \"80\"\n")
	return
}
