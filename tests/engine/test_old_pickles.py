"""Pickles and model files written before modules moved are read as they were."""

import base64
import importlib
import pickle
import sys
import zlib
from pathlib import Path

import pytest

import autograd
import nn
from autograd.check.testing.programs import random_program

# {"graph": (x, y, z), "model": an MLP trained for an epoch, "optimizer": ..., "history": ...,
# "report": ..., "program": random_program(3), "relu": autograd.relu, "row": that of tanh},
# for x, y = 0.5, 2.0, z = tanh(x * y) + x**2, pickled by version 0.1.0 before the move.
WRITTEN_BEFORE = r"""
c-oCsdu$X%7{9yT-lJDULkpVJq>-4m8n2XSgs5z>$chUGDG3?_o_o8~&W5|)b#AuhszgX^v1E)U9sdADMUBQ72?`{ds8!LR0
!k#BkTeLA2qwPy!v~4=o87&=UQ>*ldwetB`!~P&c3b>uHy!bwt-OOt14MH$XU&>RZIF$ugGkvdQ)KCgvm`-fY7@lA!8XD>75
R+sn`6-}obo=7;~iM)RC*%ee#PI9vAOxcJ6}N9v<wj>$5I8?EK<`db0$&ODSEMS3TGe^Ybd!zE*7I)k$(+BVkt<(;#9LR$IT
<4z3{-_hng?)X<Es#hY$hxuo@BNM17PiJNux%5fE8}W*8h_ja$8BU0d(pS@}FL+X2OuYy%ZJOIud9s8s+J@L02Y9hBR-oeS&
|!S*Joznw{|#j2)FTF51~CDfoz<h)f)oz81IH3u~cD9@{bPt1}D+o;TO%Q)aagv<d<{Tx2h@_|*$H}=1_FvnW`{Mkj>AQeb~
eRk3G!<pFMe(a@Pt?mEq((Sn*7B84uIdna<@cUKd`K}yWFpH~aDZE&w+KvfL;ug1{VMYAmF27&ASafhpuvo&b090!p0BxdZT
1XT4;oCM<v&-LoyJt#%gx3o1zHF}=?yY)F9$R*)Ia;aJ+&x>(P+$%U3~Rz`r)NHVVa3k#ODAW`+<p1X7t6P<+5GXnvt{m{nH
dFtOe&kh$U9;+rbg8mVomw!*x(kN8|5r+S|;UePFdHA$jDnZDQUpZco`vss}W$7Lj;RTfaV;4*CEI-A&fP^SqjW479tR^kGl
nywjByw8wSd<6j*ypVEB4vMUAA5jt21%t+HIkcjA?JJ>Gyf;ye_dCxX9<{LU`%>}IKwT|yRhOR)FjG4ULS;4lObu?P7WYx05
18%WnGTnTPz1Q4LeDRVUjO$?%<t(&yM*?h|_IhAZ)hY^y6!9Y!o5by(d2+{!=N?e^nwM_CX;ksCcZ!!*mjPTxQ0d8_1;2Kqv
BOGsKl0hqum^dufzl4uH?rR%Z^md-h<?fk+$NNzulo!T&m-PO=_w*AVzA3-_Sl7v^j^h)D^+f96xuX;7*1y|6w(}b~`N{TY@
t5bS>xp13!!Z{C<Rmu50EEgK0pf6xygQIWpi^E)#PFuYlPq(WW9zuj+wzSBIiiaE)2Z{r^G}}uia&Iu6+VjmH90x8d(&h%Ef
x8xD_*$SiA2;0DrhVNr$<aZZ^1FbL2J715>1C1GNuKmLR^Oed&XE23UVAzOdx9j?jl(0cF8e;Yd|uf58_yYo)QE(HUT2Ggi}
k$NZ*{T?kD<u!K*vxy=16KVa~G!!rBCal-un7Hm$ASwRCS_u+$(Tf~-LH7g=(HzX&^LQH`rnp;_xvD9SrPi3lorlRTXFHQ|n
VzNjqSA8@QmbW=oI+631)n>%ER3(-bw*D}P#P#*m=@U0410>1Qj85&0g{JLKX-lxX!f&Y^bAH;`djhQqSi=c}k>L_<dInX4y
xIp<Cn1+hvx<DF-t99RXdz;_B_6MaW)|if+j(nvo)Bbtm)8|fJvjYlzk7ZT`SHrBna0G@;VQ69xiFs?=n_WjB8P{~X>;Wk*4
fOg^(CZN<2^IEr(HXi1tq^#{XKD=FKbQ_>;;)sj{<7z-o79-nllDcWC;HjXM=!M;n#S4R{2f{s2VdnyPbkZu*_Yksz0T{?!2
8}WAgM}qy0dCZnK=K)7pLa$xN(Let-QbMmFpiwT{qMzCOg7v)U=v_Z%S>1Zv(A&&nO>6htDeenjfxnKcO}W3@9HJFT*%NMVI
5H_!6MoAmD~(T12I8_FunVs|5
"""
MODEL = """{
 "format": "chalkgrad model",
 "version": 1,
 "class": "MLP",
 "config": {
  "sizes": [
   2,
   1,
   2
  ],
  "activation": "tanh",
  "output_activation": "linear",
  "init": "scaled_normal",
  "seed": 0
 },
 "parameters": {
  "layers.0.neurons.0.weights.0": 0.07533653741726147,
  "layers.0.neurons.0.weights.1": -0.0631072902116193,
  "layers.0.neurons.0.bias": -0.504382270290966,
  "layers.1.neurons.0.weights.0": 0.589797018557777,
  "layers.1.neurons.0.bias": 0.44996618766165103,
  "layers.1.neurons.1.weights.0": 0.15552574903854477,
  "layers.1.neurons.1.bias": 1.2156289123779709
 }
}
"""


@pytest.fixture
def written():
    return pickle.loads(zlib.decompress(base64.b85decode("".join(WRITTEN_BEFORE.split()))))


def test_a_graph_is_read_and_differentiated(written) -> None:
    x, y, z = written["graph"]
    z.backward()
    assert (x.label, y.label) == ("x", "y")
    assert x.grad == pytest.approx(2.0 * (1.0 - autograd.tanh(1.0) ** 2) + 1.0, rel=1e-15)


def test_a_model_and_its_optimiser_go_on(written) -> None:
    X, labels = nn.datasets.moons(20, seed=0)
    model = written["model"]
    before = model.predict(X)
    nn.fit(
        model, X, labels, loss="cross_entropy", optimizer=nn.SGD(model.parameters(), lr=0.1),
        epochs=1, batch_size=10, progress=False,
    )  # fmt: skip
    assert (model.predict(X) != before).any()
    assert written["optimizer"].lr == 0.1


def test_records_and_programs_are_read(written) -> None:
    assert written["history"].loss == [0.9328496346051569]
    assert str(written["report"]).startswith("gradients of a function: 2 right")
    assert str(written["program"]) == str(random_program(3))
    assert written["relu"] is autograd.relu
    assert written["row"] is autograd.tanh(autograd.Value(0.0)).op


def test_a_model_file_is_read(tmp_path: Path, written) -> None:
    path = tmp_path / "model.json"
    path.write_text(MODEL, encoding="utf-8")
    model = nn.MLP.load(path)
    X = [[0.5, -1.0], [2.0, 0.0]]
    assert (model.predict(X) == written["model"].predict(X)).all()


def test_an_old_path_is_loaded_only_when_asked_for() -> None:
    assert importlib.import_module("autograd.row").lookup("tanh").name == "tanh"
    assert sys.modules["autograd.row"].__spec__.name == "autograd.row"
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("autograd.recording")
