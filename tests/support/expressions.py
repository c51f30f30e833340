"""Expressions that people may type, good and bad: a corpus for all who read them.

What is made of them is never written here: it is asked of `autograd.parse`.
"""

import re
from collections.abc import Iterator

from autograd import ExpressionError, Value, order, parse
from autograd.engine.primitive import ATOM, TABLE, Operand

VALUES = {
    "x": 0.25, "y": 0.75, "w": 0.5, "b": -1.0, "a": 2.0, "c": -0.3, "u0": 1.5, "n": 3.0, "v1": 2.5,
    "x_1": -2.0, "ä": 4.0, "α": 0.5, "变量": 2.0, "𝑥": 6.0,
}  # fmt: skip

OPERATORS = """
x+y|x-y|x*y|x/y|x - y - 2|x / y / 2|x - -y|--x|---x|+x|-+-x|-x*-y|(x + y)*(x - y)|((x))|x**2*y
2*x**-y|x*y**2 - 1e-3*.5 + 3.|-(x + 1)**2|x**0.5|10/4*x|2*3*x|x/2**2|-2**2 + x|-x**2|2**-1*x
2**3**2 + x|x**y**2|2**x|2**x**y|x**-2|x**2**-1|(-x)**2|(-x)**y|x**1|x**0|0**x|1**x|x*x*x
x+x+x+x|x-x|x/x|2+3|2*3-4/5|1/0|-1/0|0/0|0/0*x|1/0*x|1e400*x|-1e400 + x|0**-1 + x|(0-8)**(1/3)
2**0.5|2**1024|x + 0|x*0|0*x|x*1|−x × 3 ÷ 2 · y|x−y|x·y·w|1 - 2 - x|1 / 2 / x|x*(y*(w*(b*a)))
((((((((((x))))))))))|x*2*y*3|2 - x|2 / x|2 * x|2 + x|x ** 3|x**3.5|x**-0.5|- 2|+3|-0|0|7|-x
"""
NUMBERS = """
1|1.|.5|1.5|1e3|1E3|1e+3|1e-3|1.e3|.5e-2|007|0.1|1e22|1e16|123456789012345678901234567890
1e308*10|5e-324|4.9e-324|2.5e-310*x|1e-400|0.1+0.2|1e5|123456.5|0.00001|1e15+0.5|٣+x|１２．５|३.५
x*٣
9007199254740993|0.30000000000000004|1e23|1.7976931348623157e308|𝟙𝟚+x|1_000|0x10|1e|1e+|..5|1.2.3
2.5.|5x|5 x|x5|3(x)|1e5x|1j
"""
CALLS = """
tanh(w*x + b)|tanh(tanh(tanh(x)))|exp(-x**2/2)|log(1 + exp(x))|sigmoid(w*x + b)*(1 - y)
mean([x, 2, 6])|mean([x])|mean([2])|mean([1, 2, 4])|mean([x, y])*2|norm([x, 4])|norm([3, 4])
norm([x])
variance([x, y, 2])|variance([x, y], 1)|variance([x, y, w], 1)|variance([1, 2])|variance([x])
variance([2, x])|variance([2, 3, x], 0)|sum([x, y, 2])|sum([])|sum([x])|sum([1, 2, 3])
dot([x, y], [2, w])
dot([], [])|dot([1, 2], [3, 4])|logsumexp([x, y])|logsumexp([])|logsumexp([1, 2])
select(0, [x, y])
select(x, [y, w])|select(1.4, [1, x, y])|maximum(x, y, 0)|minimum(x, y)|maximum(x)|maximum(1, 2)
hypot(x, y)|hypot(3, 4)|hypot(x)|clip(x, -1, 1)|clip(3, 0, 1)|clip(x, 0.5, 0.5)
leaky_relu(-x, 0.1)
elu(-x, 2)|power(x, 3)|power(x, 2-5)|pow(x, y)|pow(2, x)|pow(x, 2)|power_log(x, y, 2)
where(x, y, w)
where(0, y, w)|where(x - x, y, 2)|relu(-x)|abs(-x)|sign(x)|step(x)|equal(x, x)|atan2(x, y)
sqrt(-x)
log(0*x)|log(x - x)|log(-1)|log(0)|exp(1000)|exp(1000*x)|sin(pi)|cos(e)|square(x)
reciprocal(x - x)
tanh(x,)|maximum(x, y,)|sum([x, y,])|tanh (x)|tanh( x )|sum ( [ x ] )|add(x, y)|mul(x, 2)|neg(x)
sub(2, x)|div(x, y)|neg(3)|erf(x)+erfc(x)|gelu(x)|silu(x)|softplus(x)|log1p(x)+expm1(x)|log2(8)*x
logsumexp([x, y, w, b, a, c])|dot([x, y, w], [b, a, c])|tanh(exp(sin(cos(x*y)*w)))
relu(w*x + b) - relu(-(w*x + b))|-(y*log(sigmoid(w*x)) + (1 - y)*log(1 - sigmoid(w*x)))
"""
STATEMENTS = """
u = x**2 + x*y + y**2; u**2 + u|w0 = 0.5; x0 = 2; z = tanh(w0*x0 + b)|a0 = x; a0*x|u = 3; u|u = 3
u = 2*3; u*x|u = x*y; v = u + 1; u*v|u = tanh(x); w9 = u; u*w9|x; y|x;|x;;|;|;x|u = x; u = x
x = 2; x
u = x; v = u; v|= x|u =|u = ;|u == x|2 = x|x = x|u = u|tanh = 2|p = 2; p(x)|pi = 3; pi|q = pi; q*x
z = x + y|z = x; v1 = z*2; v1 + z|v_1 = x*y; v_1*2 + x*2|u = x*y; 2*x|u = -x; u|u = [x]|u = x y
u; x|u = x; u; x*u|u = x*y; 3; u|x; ; y|x; y;|x; q
x+y;\n u = x; u * x|u=x*x;u=2|exp2 = x*2; exp2*exp2|mean = x; mean*2
"""
FAULTS = """
tahn(x)|qqqq(x)|ln(x)|lnn(x)|arctan(x)|max(x, 1)|min(x)|log10(x)|sgn(x)|swish(x)|exp2(x)
logistic(x)
softmax([x])|sigmoidd(x)|sinn(x)|squareroot(x)|Tanh(x)|SIN(x)|absolute(x)|relu6(x)|leakyrelu(x)
sumx([x])
var([x])|std([x])|avg([x])|meam([x])|nrom([x])|lgo(x)|x +|x + )|(x + 1|tanh(x|(x]|[x)|2x|x y|x(2)
y (x)
x^2|x.real|x < 2|x > 2|x ! 2|x % 2|x @ 2|x & y|x | y|{x}|x))|)|(|[|]|()|tanh|tanh + 1|mean
1 + tanh
tanh()|tanh(x, x)|atan2(x)|atan2(x, y, w)|where(x)|clip(x)|clip(x, 1)|power(x)|1 + sum(x)
sum(x, y, w)
mean(x)|mean()|mean([x], [y])|dot([x])|dot([x], [x], [x])|dot(x, y)|dot(x, [y])|dot(2, [y])
dot([x], y)
dot([x], [1, 2])|dot([], [x])|select(0, x)|select([0], [x])|select(0, [])|select([], [])|norm([])
mean([])
variance([])|variance([x], 1)|variance([x, y], 2)|variance([x], 0.5)|variance([x], 0-1)
variance([x], x)
variance(x, [x])|variance([x], 1e300)|variance([x], 1e10)|variance([1], 1/0)
variance([x], [y, 2.5])
variance([x], -1e300)|maximum()|minimum()|hypot()|maximum([x, y])|maximum([x], y)|norm([[x]])
mean([[x]])
sum([[x]])|sum([[x], y])|tanh([x])|atan2([x], y)|leaky_relu(x, y)|elu(x, x)|leaky_relu([x], 1)
power(x, y)
power(2, x)|power(x, [2])|power_log(x, y, w)|clip(x, y, 1)|clip(x, 0, y)|clip(x, 2, 1)
clip(x, 2e22, 1e-7)
clip(x, [1], 2)|leaky_relu(x)|elu(x)|[x]|[]|x * [x]|[x] * x|[x] ** 2|-[x]|+[x]|--[x]|([x])|[x] + 1
[x]; x
x²|2³|x⁻¹|√x|x⁴ + 1|½x|²|x₁|x₁ + 1|qq|sin(qq)|1 + zz|x + yyy|tanh(w*q + b)|tanh tanh|x\t+\tq
x\n  + qq
x +\n+ y)\n|a\n\n$|'x'|"x"|x'|`x`|x\\y|x?|x:y|x#y|x~|$x|£|€ + x|x\u200b|\u200bx
\u00a0x\u00a0+\u2003y|\x1cx
x\x00|x\x7f|\ufeffx|x\u2028+ q|x\x85+ y|🚀|x + 🚀|🚀(x)|é|é|日本|日本(x)|变量*2 + x|α*β|ä*x|𝑥+1
𝑥*q|𝑥 $|_|__import__('os')
__import__(1)|constructor|toString(x)|__proto__|__proto__(x)|hasOwnProperty*x
valueOf = x; valueOf*2|x if y
x and y|not x|lambda x: x|x.y(z)|x[0]|f(x)=2|x,y|x,|,x|(x, y)|f|print(x)|eval(x)|alert(1)
</script>|x--|x**|**x|*x|/x
x*/y|x//y|x / /y|/ /x|1,5|1,5*x|(1,5)|2==x|tanh(x==y)
x***y|x** *y|x+*y|1 +|- |+|x!|x==y|x != y|x<=y|<|a b c|1 2|(x)(y)|(x) y|[x] y|x [y]
2 [x]|) x|x )( y
"""
LONG = [
    "", " ", "\n", "x" + "*(x" * 200, "x" + "**x" * 200, "(" * 78 + "x" + ")" * 78,
    "(" * 79 + "x" + ")" * 79, "(" * 80 + "x" + ")" * 80, "-" * 501 + "x", "x" + " + x" * 60,
    "x" + "*y + x" * 40, "x" * 30 + " + " + "x" * 40 + "q", "x + " * 40 + "q", "x" * 120 + "(x)",
    "q" * 300 + "(x)", "x" + " " * 200 + "q", "\n" * 5 + "x + q\n\n", "x + y" * 25_000,
    "1" * 400, "0." + "0" * 400 + "1", "𝑥 + " * 70 + "q", "logsumexp([" + "x, " * 11 + "y])",
    "dot([" + "x, " * 11 + "y], [" + "y, " * 11 + "w])", "maximum(" + "x, " * 10 + "y)",
    "tanh(" * 70 + "x" + ")" * 70, "(" * 500, "[" * 90, "tanh(" * 90, "+" * 200, "x;" * 150,
    "aa" * 17 + " = x*y; " + "aa" * 17 + "*2",
    "u" + "_" * 31 + "1 = x; " + "u" * 40 + " = y*2; 1*x",
]  # fmt: skip


def _of_rows() -> list[str]:
    """Every row of the table, written as it writes itself, and as a call with one operand more."""
    found: list[str] = []
    for row in TABLE.values():
        free = 4 if row.arity is None else row.arity - row.constants
        names = ["x", "y", "w", "a"][:free]
        numbers = ["-0.3", "0.7"] if row.constants == 2 else ["0.7"] * row.constants
        text = row.text([Operand(x, ATOM) for x in (*names, *numbers)])
        called = ", ".join([*names, *numbers])
        found += [text, f"2 * {text} - x", f"{row.name}({called})", f"{row.name}({called}, y)"]
        found += [f"{row.name}", f"{row.name[:-1]}({called})"]
    return found


def corpus() -> list[tuple[str, dict[str, float]]]:
    """Return texts, each with values for the names that it has."""
    texts = [*LONG, *_of_rows()]
    for block in (OPERATORS, NUMBERS, CALLS, STATEMENTS, FAULTS):
        for line in block.strip("\n").split("\n"):
            texts += line.split("|")
    found: list[tuple[str, dict[str, float]]] = []
    for text in dict.fromkeys(texts):
        words = set(re.findall(r"\w+", text))
        given = {name: x for name, x in VALUES.items() if name in words}
        found.append((text, given))
    found += [("x", {"x": 1.0, "y": 2.0}), ("tanh(x)", {"tanh": 1.0, "x": 2.0})]
    found += [("pi*x", {"x": 2.0}), ("pi*x", {"pi": 3.0, "x": 2.0}), ("e", {"e": 2.0})]
    found += [("x*y", {"x": 1e300, "y": 1e300}), ("x", {"x": 0.0, "q'": 1.0})]
    return found


def good(most: int) -> Iterator[tuple[str, dict[str, float], Value]]:
    """Yield those that have a graph of at most so many nodes, with the graph."""
    for text, values in corpus():
        try:
            z = parse(text, **values)
        except ExpressionError:
            continue
        if len(order(z)) <= most:
            yield text, values, z
