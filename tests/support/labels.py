"""Labels that mean something to a language that pictures and formulas are written in."""

# A keyword, a bracket or a sign of Mermaid, DOT, HTML, Markdown, TeX or Unicode.
HARD = [
    "x", "end", "graph", 'a"b', "<b>&amp;</b>", "#35;", "`md`", "**bold**", "[x]", "{y}", "(z)",
    "|p|", "%%{init}%%", "a;b", "\\", "é ü", "😀", "∂f/∂x", "a\nb", "--> b", "x" * 300, "subgraph",
    "click", "$$x$$", "<script>alert(1)</script>", "style", "::class", "@{a}", "1", "-", "' ", " ",
    "~~~", "==>", "o--o", "a & b", "https://x.y/z?a=b&c", "_u_", "#", "##", "&", '"', "```", "{{",
    "}}", "[[", "((", "[/a/]", ">a]", "a:::b", "default", "%% c", "linkStyle 0", "\t", "null",
    "direction LR", "\u202e rtl", "x--x", "NaN", "]]", "))", "权重", "αβγ Ω", "½ ² ³ ₀ ⁻",
    "Łódź ß ø",
    "ế", "a--b ''c'' ,, ?` `` ---", "[2]", "*", "مرحبا", "שלום", "x\u0301\u0302", "👩‍💻", "\u200b",
    "^^M", "^^5c", "\\input{x}", "\\end{tikzpicture}", "a%", "\\def\\a#1{#1}", "\ud800", "\x00",
    "\\\\", "${1}", "\r\n", "</title>", "]]>", "-->", "\u2028", "× − ÷ · ▲ ▼ → …",
]  # fmt: skip
