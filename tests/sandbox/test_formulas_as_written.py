"""A formula as people write it: what is read, what is fitted, and what is refused in one sentence."""

from collections.abc import Callable

import numpy as np
import pytest

from lawsmith.sandbox import FitJob, Sandbox, read_candidate
from lawsmith.sandbox.law.expression import features, parameters
from lawsmith.sandbox.law.key import canonical
from lawsmith.sandbox.law.own_form import own_candidate, own_form
from lawsmith.sandbox.law.read import statement_of
from lawsmith.sandbox.law.write_text import codes_in, formula, labelled, latex, source_formula, text
from lawsmith.tasks import InputError, Schema, Table
from lawsmith.tasks.schema import Column, ColumnRole, Decided


def schema(*features: str, targets: tuple[str, ...] = ("loss",)) -> Schema:
    return Schema(name="t", long_name="t", title="t", features=features, targets=targets, group=None)


TABLE = schema("N", "D", "lr (x)")


@pytest.mark.parametrize(
    ("written", "same"),
    [
        ("E + A/N^a + B/D^b", "loss = E + A*N**(-1*a) + B*D**(-1*b)"),
        ("A·N − 2×D²", "A*N - 2*D**2"),
        ("E + A*ln(N)", "E + A*log(N)"),
        ("A*sqrt(N) + b", "A*N^0.5 + b"),
        ("A * `lr (x)`^p", "loss = A*`lr (x)`^p"),
        ("E + A*min(N, D)^-a", "E + A*minimum(N, D)**(-a)"),
        ("1.5e3*A*N", "1500*A*N"),
        ("1.5e3 A N + 2D(1 - E)", "1500*A*N + 2*D*(1 - E)"),
        ("E + (A - E) exp (-N/D) + B (N + D)", "E + (A - E)*exp(-N/D) + B*(N + D)"),
        ("A ln(N) + 2exp(-2 D) max (N, D)", "A*log(N) + 2*exp(-2*D)*max(N, D)"),
        ("k (N) + alpha (D) + rate (1 - N)", "k*N + alpha*D + rate*(1 - N)"),
        ("A `lr (x)` + 3`lr (x)`N", "A*`lr (x)` + 3*`lr (x)`*N"),
        (r"E + \frac{A}{`lr (x)`}", "E + A/`lr (x)`"),
        ("A * lr^p", "A * `lr (x)`^p"),  # a column may be named without its unit
        ("A*np.exp(-k*N) + math.sqrt(D)", "A*exp(-k*N) + sqrt(D)"),
        ("A [N]^n/(k^n + [N]^n)", "A*N^n/(k^n + N^n)"),  # as chemists write
        ("A*e^(-k*N) + B/e**(D/h)", "A*exp(-k*N) + B*exp(-D/h)"),
        ("Vmax [N] / (Km + [N])", "Vmax*N/(Km + N)"),
        ("[ (A/N)^{α/β} + B/D ]^{β}", "((A/N)^(α/β) + B/D)^β"),
        ("A exp(-γN) cos(ωD)", "A*exp(-γ*N)*cos(ω*D)"),
        ("lambda N, D: E + A/N**a", "E + A/N^a"),
        ("p[0] + p['A']*x['N']**p[1]", "E + A*N^a"),
        ("exp(scipy.special.logsumexp([a - b*log(N), c - d*log(D), e]))", "exp(a)/N^b + exp(c)/D^d + exp(e)"),
        ("max(N, A, B*D) + np.sum([N, A, D])", "max(max(N, A), B*D) + N + A + D"),
        ("log10(loss) = A + b*log10(N)", "10^(A + b*log10(N))"),
        ("1/loss = A + b*N^c", "1/(A + b*N^c)"),
        ("loss - E = A/N^a", "E + A/N^a"),
        ("ln(loss - E) = A - b*ln N", "E + exp(A - b*log(N))"),
        ("(loss/A)^2 = b*N", "A*sqrt(b*N)"),
        ("N*D/v = A + N", "N*D/(A + N)"),
        ("2^loss = A*N^b", "log(A*N^b)/log(2)"),
        ('"E + A/N^a"', "E + A/N^a"),
    ],
)
def test_spellings_state_the_same_law(written: str, same: str):
    def value(form: str) -> float:
        """Of the candidate at one point, with every constant 0.7."""
        source = own_candidate(form, TABLE)
        scope: dict = {}
        exec(source, scope)
        x = {name: np.array([size]) for name, size in zip(TABLE.features, (3.0, 5.0, 2.0), strict=True)}
        return float(scope["form"](x, dict.fromkeys(scope["PARAMETERS"], 0.7))[0])

    assert value(written) == pytest.approx(value(same), rel=1e-12)


def test_names_that_are_no_columns_are_constants_and_exponents_are_bounded():
    source = own_candidate("E + A/N^a + B/D^b", TABLE)
    scope: dict = {}
    exec(source, scope)
    assert set(scope["PARAMETERS"]) == {"E", "A", "a", "B", "b"}
    assert scope["PARAMETERS"]["a"] == (-8.0, 8.0) and read_candidate(source).pure


def test_a_scale_inside_a_power_is_found_from_the_sizes_of_the_features():
    n, d = (mesh.ravel() for mesh in np.meshgrid(np.geomspace(1e7, 1e10, 6), np.geomspace(1e9, 1e11, 6)))
    loss = 1.7 + (5e7 / n) ** 0.34 + (3e9 / d) ** 0.31
    table = Table({"N": n, "D": d}, {"loss": loss}, ("all",), np.zeros(len(n), dtype=np.intp))
    source = own_candidate("E + (A/N)^a + (D/B)^-b", schema("N", "D"), table)
    with Sandbox(workers=1) as sandbox:
        found = sandbox.run(FitJob(source, schema("N", "D"), table))
    assert found.constants is not None
    assert found.constants.of("all") == pytest.approx({"E": 1.7, "A": 5e7, "a": 0.34, "B": 3e9, "b": 0.31}, rel=1e-3)


@pytest.mark.parametrize(
    ("written", "sought"),
    [
        ("b + A/(1 + (N/h)^n)", {"n"}),
        ("b + (t - b)/(1 + (N/h)^n)", {"n"}),
        ("b - A/(1 + exp(-k*(N - m)/s))", {"k", "s"}),
        ("b + A/(1 + 10^((e - N)*h))", {"h"}),
        ("A/(1 + exp(-k*N))", set()),  # no level: the other sign is another law
        ("b + 2/(1 + (N/h)^n)", set()),
        ("b + A*N/(1 + (N/h)^n)", set()),
    ],
)
def test_of_two_signs_that_state_one_law_the_written_one_is_sought(written: str, sought: set[str]):
    stated = statement_of(own_candidate(written, TABLE), ("loss",))
    assert {one.name for one in stated.parameters if one.lower == 0} == sought


def test_names_in_short_mean_columns_only_where_they_are_clear():
    """A constant keeps its name where its letter differs in case, or where two columns could be meant."""
    two = schema("V (mV)", "config.lr", "a.x", "b.x", targets=("I (nA)",))
    tree = own_form("I = G*(V - v)*lr^x", two)["I (nA)"]
    assert list(features(tree)) == ["V (mV)", "config.lr"]
    assert {parameter.name for parameter in parameters(tree)} == {"G", "v", "x"}
    tree = own_form("G*length*T + A*N", schema("length/m", "T/K", "A_m", "N"))["loss"]
    assert list(features(tree)) == ["length/m", "T/K", "N"]


def test_a_constant_called_e_stays_one_where_it_is_more_than_a_base():
    kept = {parameter.name for parameter in parameters(own_form("e + A*e^(-k*N)", TABLE)["loss"])}
    assert kept == {"e", "A", "k"}
    assert [p.name for p in parameters(own_form("e^2*N + A", TABLE)["loss"])] == ["e", "A"]
    with_column = own_form("A*e^(-k*N)", schema("N", "e"))["loss"]
    assert set(features(with_column)) == {"N", "e"}


def test_a_constant_that_is_called_like_a_column_is_read_as_it_is_printed():
    for written in ("p.N + A*N^p.D", "p['N'] + A*N^p['D']"):
        assert text(own_form(written, TABLE)["loss"]) == "c_N + A * N^c_D"
    assert set(features(own_form("A*p.b + b", schema("p.b"))["loss"])) == {"p.b"}


def test_lambda_is_a_name():
    assert [p.name for p in parameters(own_form(r"A exp(-\lambda N)", TABLE)["loss"])] == ["A", "lambda_"]
    assert features(own_form("A + B/lambda^2", schema("lambda", "D"))["loss"]) == ("lambda",)


def test_several_targets_have_a_formula_each():
    two = schema("N", targets=("loss", "acc"))
    trees = own_form("acc = c + d*N; loss = E/N", two)
    assert list(trees) == ["loss", "acc"] and "d" in text(trees["acc"])
    for wrong, said in (("E/N", "name its target"), ("loss = E/N", "has no formula for acc")):
        with pytest.raises(InputError, match=said):
            own_form(wrong, two)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("E + A/M^a", "names no feature; the features are N, D"),
        ("E + A */ N", "write it like"),
        ("E + A*(N", "1 brackets open, 0 close"),
        ("A*lgo(N)", "did you mean log"),
        ("A(N + b)", "'A' is not a function"),
        ("A sqr (N)", "did you mean sqrt"),
        ("lgo (N)", "'lgo' is not a function; did you mean log"),
        ("A*lgo (N + b)", "did you mean log"),
        ("A*xyz (N)", "'xyz' is not a function (exp, log"),
        ("log(N, 3)*A", "log takes 1 argument"),
        ("N + D", "no constant to fit"),
        ("los = A*N", "'los' is not a target"),
        ("A*`lr`", "`lr` is not a feature"),
        ("A*N if N else 1", "comparisons are not read. Write max("),
        ("(N>=n0)*A*N", "comparisons are not read"),
        ("(lambda: A)()*N", "not understood"),
        ("A.__class__*N", "not understood"),
        ("'x'*A*N", "not understood"),
        ("A*N[0]", "not understood"),
        ("A*N" + "+1" * 3000, "longer than"),
        ("A*N" + "+1" * 300, "larger than"),
        ("(" * 300 + "A*N" + ")" * 300, "is not a formula"),
        ("A*N;loss = B*N", "has two formulas for loss"),
    ],
)
def test_what_is_not_understood_is_one_sentence(wrong: str, said: str):
    with pytest.raises(InputError, match="form") as refused:
        own_candidate(wrong, TABLE)
    assert said in str(refused.value)


def test_constants_in_raw_units_are_found():
    n, d = (axis.ravel() for axis in np.meshgrid(np.geomspace(1e7, 1e9, 6), np.geomspace(1e8, 1e10, 6)))
    loss = 1.69 + 406.4 / n**0.34 + 410.7 / d**0.28
    table = Table({"N": n, "D": d}, {"loss": loss}, ("all_data",), np.zeros(len(n), dtype=int))
    two = schema("N", "D")
    with Sandbox(workers=1) as sandbox:
        found = sandbox.run(FitJob(own_candidate("E + A/N^a + B/D^b", two), two, table))
    assert found.ok and found.constants is not None
    got = found.constants.of("all_data")
    assert [got[name] for name in "EAaBb"] == pytest.approx([1.69, 406.4, 0.34, 410.7, 0.28], rel=1e-3)


@pytest.mark.parametrize("exponent", ["(-1/3)", "(2/3)", "(-2/3)", "(-0.5)", "(-2)", "(-p['A']/3)"])
def test_a_printed_power_reads_back_as_it_was(exponent: str):
    source = f"PARAMETERS = {{'A': (0, 2)}}\ndef form(x, p):\n    return p['A'] * (x['N'] / 1e2) ** {exponent}\n"
    again = own_candidate(source_formula(source, ("loss",)), TABLE)
    values = []
    for law in (source, again):
        scope: dict = {}
        exec(law, scope)
        values.append(scope["form"]({"N": 730.0, "D": 1.0, "lr (x)": 1.0}, {"A": 1.3}))
    assert values[0] == pytest.approx(values[1], rel=1e-12)


PAPERS = schema("N", "D", "t", "T (K)", "config.lr", "batch size", "CO₂")


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        (r"E + \frac{A}{N^{\alpha}} + \frac{B}{D^{\beta}}", "E + A/N^alpha + B/D^beta"),
        (r"\hat{L}(N, D) = E + A \cdot N^{-\alpha_{\mathrm{N}}}", "E + A*N^(-alpha_N)"),
        (r"$L(N, D) = E + A N^{-\alpha} + B \cdot D^{-\beta}$", "E + A*N^(-alpha) + B*D^(-beta)"),
        (r"E + \left(\frac{N_c}{N}\right)^{\alpha_N}", "E + (N_c/N)^alpha_N"),
        (r"A e^{-t/\tau} + c", "A*exp(-t/tau) + c"),
        (r"a + b \log N + \sqrt{D}", "a + b*log(N) + sqrt(D)"),
        ("c₀ + c₁·N⁻¹ + d*t⁴", "c0 + c1/N + d*t^4"),
        ("A/√N + B/√(D + k)", "A/sqrt(N) + B/sqrt(D + k)"),
        ("L∞ + A∕N^a", "L_inf + A/N^a"),
        ("a + b*ln N", "a + b*log(N)"),
        ("A*sin(2π*t/P)", "A*sin(2*pi*t/P)"),
        ("|t - t0|^a", "abs(t - t0)^a"),
        ("a*batch size^b + c*batch_size", "a*`batch size`^b + c*`batch size`"),
        ("config.lr*a + b*T (K)", "`config.lr`*a + b*`T (K)`"),
        ("y = a + b*N", "a + b*N"),
        ("loss ~ a + b*N", "a + b*N"),
        ("log loss = a - b log N", "exp(a - b*log(N))"),
        ("L = E + A·N⁻ᵇ + B/Dⁿ", "E + A*N^-b + B/D^n"),
        ("A₀e^(-λt)cos(ωt + φ)", "A0*exp(-λ*t)*cos(ω*t + φ)"),
        ("a*CO₂² + b*relu(N) + c*CO2*lg(D)", "a*`CO₂`^2 + b*max(N, 0) + c*`CO₂`*log10(D)"),
    ],
)
def test_formulas_of_papers_and_keyboards(written: str, plain: str):
    one, two = (own_form(form, PAPERS)["loss"] for form in (written, plain))
    assert canonical(one) == canonical(two)
    assert [p.name for p in parameters(one)] == [p.name for p in parameters(two)]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("E + A/n^a + B/d^b", "did you mean N and D"),
        ("E + A/n^a + B/D^b", "'n' is not a feature, and a power of constants alone says nothing; did you mean N?"),
        ("a + b*N^-0,34", "Write 0.34 with a point"),
        ("acc = a + b*N", "'acc' is not a target"),
        ("sin(loss) = a + b*N", "is not solved for loss; write it alone on the left, or in + - * / ^, log, exp,"),
        ("loss/(A - loss) = N/b", "has loss more than once on the left; solve it for loss."),
        ("E + A/N^a where a=0.34", "'where a=0.34' is not read; write 0.34 in place of a in the formula."),
        ("E + A*N^-1/3", "^-1/3 can be read in two ways; write ^(-1/3) or ^(-1)/3."),
        (r"\sum_i a_i N^i", "sums and products over an index are not read"),
        ("E + A/n^a", "any other name is a constant to be fitted; did you mean N?"),
        ("a*N + bt", "'bt' is read as one constant; did you mean b*t?"),
        ("a*sin^2(t)", "'sin' is a function; write its argument behind it"),
        ("M(N, S) = a + b*N", "is not a target"),
        ("a/2N", "can be read in two ways; write /(2*…) or /2*…"),
        ("E exp(-a/8.314 N)", "write /(8.314*…) or /8.314*…"),
        ("a/N^b D", "write /(N^b*…) or /N^b*…"),
    ],
)
def test_slips_in_a_formula_are_named(wrong: str, said: str):
    with pytest.raises(InputError, match="form") as refused:
        own_form(wrong, PAPERS)
    assert said in str(refused.value)


def test_a_time_constant_is_a_size_in_any_unit():
    rng = np.random.default_rng(0)
    for unit in (1e-9, 1.0, 1e9):
        t = np.linspace(0.1, 5, 30) * unit
        values = 2 * np.exp(-t / (1.3 * unit)) + 0.01 * rng.standard_normal(30)
        table = Table({"t": t}, {"loss": values}, ("all",), np.zeros(30, dtype=np.intp))
        source = own_candidate("A*exp(-t/tau)", schema("t"), table)
        with Sandbox(workers=1) as sandbox:
            found = sandbox.run(FitJob(source, schema("t"), table)).constants
        assert found is not None and found.of("all")["tau"] == pytest.approx(1.3 * unit, rel=0.03)


@pytest.mark.parametrize(
    ("written", "t", "law"),
    [
        ("10^(A - B/(C + t))", np.arange(10, 90, 8.0), lambda t: 10 ** (8.07 - 1730.6 / (t + 233.4))),  # Antoine
        ("c + a*exp(-(t - t0)/tau)", 60211 + np.arange(0, 40, 2.5), lambda t: 0.2 + 3.1 * np.exp((60210.4 - t) / 12)),
        ("exp(e) + exp(a - b*log(t))", np.geomspace(1e7, 1e9, 12), lambda t: 1.7 + 410 / t**0.34),
        ("exp(logaddexp(e, a - b*log(t)))", np.geomspace(1e7, 1e9, 12), lambda t: 1.7 + 410 / t**0.34),
    ],
)
def test_exponentials_as_people_write_them_are_fitted(written: str, t: np.ndarray, law: Callable):
    table = Table({"t": t}, {"loss": law(t)}, ("all",), np.zeros(len(t), dtype=np.intp))
    with Sandbox(workers=1) as sandbox:
        job = FitJob(own_candidate(written, schema("t"), table), schema("t"), table, predict=(table.hide(),))
        predicted = sandbox.run(job).predictions[0][:, 0]
    assert np.var(predicted - law(t)) < 1e-4 * np.var(law(t))


@pytest.mark.parametrize("written", ["acc + A/N^a", "E + A/N^a + opt"])
def test_a_constant_called_like_a_column_that_is_no_feature_is_refused(written: str):
    roles = (
        ColumnRole(name="summary.acc", role="companion", reason="another outcome"),
        ColumnRole(name="opt", role="group", reason="named"),
        ColumnRole(name="N", role="feature", reason="a number that varies"),
    )
    decided = TABLE.model_copy(update={"decided": Decided(roles=roles)})
    with pytest.raises(InputError, match=r"a column that is not a feature here.*Name it with features"):
        own_form(written, decided)
    assert own_form("E + A/N^a", decided)


@pytest.mark.parametrize(("name", "target"), [("2020", "2021"), ("t / min", "U / V")])
def test_a_column_called_like_a_number_or_a_quotient_is_printed_as_a_form_takes_it(name: str, target: str):
    table = schema(name, targets=(target,))
    printed = source_formula(own_candidate(f"A*`{name}`^a", table), (target,))
    assert printed.endswith(f" = A * `{name}`^a")
    assert canonical(own_form(printed.split(" = ")[1], table)[target]) == canonical(
        own_form(f"A*`{name}`^a", table)[target]
    )


def test_labels_stand_for_codes_and_can_be_copied_back():
    levels = {"kind": ("1", "2", "north east"), "to / do": ("a=b", "c"), "wave": ("A", "B")}
    columns = {name: Column(name=name, levels=own) for name, own in levels.items()}
    table = schema("x", *levels, targets=("y",)).model_copy(update={"columns": columns})
    form = "x*A*(1 + d*[kind = 2] + e*[kind = north east]) + b*[wave = B] + c*[`to / do` = c] + g*[`to / do` = 0]"
    printed = source_formula(own_candidate(form, table), ("y",))
    shown = labelled(printed, table)
    for part in ("[kind = 2]", '[kind = "north east"]', "[wave = B]", "[`to / do` = c]", "[`to / do` = 0]"):
        assert part in shown
    assert canonical(own_form(shown, table)["y"]) == canonical(own_form(form, table)["y"])
    assert codes_in(shown, table) == [] and codes_in("y = a * wave", table) == ["wave: 0 is A, 1 is B"]


def test_labels_and_columns_are_taken_as_formulas_and_their_latex_print_them():
    columns = {"plot": Column(name="plot", levels=("Arminda", "Wilma"))}
    table = schema("plot", "N kg/ha", targets=("yield t/ha",)).model_copy(update={"columns": columns})
    stated = statement_of(own_candidate("L + A*exp(-k*N) + b*[plot = wilma]", table), table.targets)
    printed = formula(stated)
    assert printed == "yield t/ha = L + A * exp(-k * `N kg/ha`) + b * [plot = 1]"
    in_latex = rf"\mathrm{{yield\ t/ha}} = {latex(stated)['yield t/ha']}"
    one, two = (canonical(own_form(text_of_it, table)["yield t/ha"]) for text_of_it in (printed, in_latex))
    assert one == two
    for wrong, said in (
        ("[plot = Foo]", "no level 'Foo'"),
        ("[plot = 2]", "no level '2'"),
        ("[N = 3]", "not a category"),
    ):
        with pytest.raises(InputError, match=said):
            own_form(f"L + b*{wrong}", table)
