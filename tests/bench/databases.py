"""The check of a loan book that a database makes, beside the check of the same book as a file: `LOANS=1000000 ROWS=database`."""
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "integration"))
import sql_test  # noqa: E402
from lab import Failed, program  # noqa: E402
from measure import timed  # noqa: E402

LOANS = int(os.environ.get("LOANS", "1000000"))
# Loans of twelve instalments, a month apart, disbursed over eleven months; a tenth stopped paying after the third. Fineract has the two indexes.
BOOK = """
INSERT INTO m_office VALUES (1, NULL, '.', 'RW', 'Head Office', '2012-01-01'), (2, 1, '.2.', '102', 'Gasabo', '2013-01-01'), (3, 1, '.3.', '403', 'Musanze', '2014-01-01');
INSERT INTO m_code VALUES (3, 'LoanPurpose'), (4, 'Gender');
INSERT INTO m_code_value VALUES (40, 4, 'Female'), (41, 4, 'Male'), (30, 3, 'Agriculture'), (31, 3, 'Trade');
INSERT INTO m_product_loan VALUES (1, 'IND', 'Individual business loan'), (2, 'AGR', 'Agri loan');
INSERT INTO m_client SELECT g, 'C' || g, 300, 2 + g %% 2, 40 + g %% 2, DATE '1950-01-01' + CAST(g * 37 %% 18000 AS INT), 1 FROM generate_series(1, %(loans)d) g;
INSERT INTO m_loan(id, account_no, client_id, product_id, loanpurpose_cv_id, loan_status_id, loan_type_enum, currency_code, currency_digits, approved_principal,
  disbursedon_date, expected_maturedon_date, principal_disbursed_derived)
  SELECT g, 'L' || lpad(CAST(g AS VARCHAR), 9, '0'), 1 + g * 9 / 10, 1 + g %% 2, 30 + g %% 2, 300, 1, 'RWF', 0, 12000 * (10 + g %% 90),
    DATE '2019-07-20' + CAST(g %% 330 AS INT), DATE '2019-07-20' + CAST(g %% 330 AS INT) + 360, 12000 * (10 + g %% 90) FROM generate_series(1, %(loans)d) g;
INSERT INTO m_loan_repayment_schedule(id, loan_id, duedate, installment, principal_amount, interest_amount)
  SELECT l.id * 12 + k - 1, l.id, l.disbursedon_date + 30 * k, k, l.approved_principal / 12, 1000 FROM m_loan l, generate_series(1, 12) k;
INSERT INTO m_loan_transaction(id, loan_id, office_id, transaction_type_enum, transaction_date, amount)
  SELECT id * 13, id, 2, 1, disbursedon_date, approved_principal FROM m_loan;
INSERT INTO m_loan_transaction(id, loan_id, office_id, transaction_type_enum, transaction_date, amount, principal_portion_derived, interest_portion_derived)
  SELECT s.loan_id * 13 + s.installment, s.loan_id, 2, 2, s.duedate, s.principal_amount + s.interest_amount, s.principal_amount, s.interest_amount
  FROM m_loan_repayment_schedule s WHERE s.duedate < '2020-06-30' AND (s.loan_id %% 10 > 0 OR s.installment <= 3);
CREATE INDEX ON m_loan_repayment_schedule(loan_id);
CREATE INDEX ON m_loan_transaction(loan_id);
"""


def peak_kb(command):
    """Of the program, and of those it started."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = status
    if status != 0:
        raise Failed("%s: status %d" % (command[0], status))
    return used.ru_maxrss


def export(maker, name):
    """The same book as a file, and its control total."""
    path = maker.put(os.path.join(name, "loans.csv"), "")
    with open(path, "w", encoding="utf-8") as file:
        subprocess.run(maker.query_words("loans"), stdout=file, check=True, timeout=1800)
    total = subprocess.run(["mawk", "-F,", "NR > 1 { n++; s += $13 } END { printf \"%d %.0f\\n\", n, s }", path], capture_output=True, text=True,
                           check=True).stdout.split()
    return maker.manifest(name, "rows = %s\nsum_principal_outstanding = %s\n" % tuple(total)), int(total[0])


def loans_query():
    with open(os.path.join(sql_test.PACKS, "fineract-postgresql", "loans.sql"), encoding="utf-8") as file:
        text = file.read()
    for name, value in ((":as_of", "DATE '2020-06-30'"), (":period_start", "DATE '2020-06-01'"), (":currency", "'RWF'")):
        text = text.replace(name, value)
    return text


def database(bench):
    server = sql_test.PostgreSQL(bench.lab)
    server.patience_s = 3600
    try:
        server.prepare()
        maker = sql_test.Bench(bench.lab, server)
        server.ask(sql_test.read("schema.sql") + BOOK % {"loans": LOANS})
        server.ask("VACUUM ANALYZE")
        maker.configure(maker.copy("only-loans", deposits=None, flows=None, gl=None, schedule=None), seconds=3600)
        asked = maker.manifest("database", "source = sql\nreports = PORTFOLIO\n")
        extract, loans = export(maker, "file")
        check = [program("mfi-agent"), "check", "-c", maker.conf, "--now", "2020-07-03T08:00:00Z"]
        note = "the check of the same loans.csv; peak memory %.0f MB and %.0f MB" % (peak_kb([*check, asked]) / 1024, peak_kb([*check, extract]) / 1024)
        alone = timed(maker.query_words("loans"))
        bench.row("check of %d loans of Fineract, PostgreSQL through ODBC, s" % loans, timed([*check, asked]), timed([*check, extract]), note)
        os.environ["PGPASSWORD"] = "administrator"
        bench.row("the same query by mfi-query alone, s", alone, timed([*server.words("fineract"), "-c", "COPY (%s) TO STDOUT" % loans_query()]),
                  "psql's COPY of the same query")
    finally:
        server.close()


GROUPS = {"database": database}
ONCE = ["database"]
