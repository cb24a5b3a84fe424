-- Flows from :period_start to :as_of: date, kind, count (transactions), amount. A loan charged off before: what it pays is RECOVERY, its later
-- write-off is nothing. Refunds and chargebacks (18, 20, 25) raise the portfolio, a loan closed as rescheduled (602) leaves it: GLP_ADJ.
-- The last row says that the period was asked for, where nothing moved in it.
WITH loan_flows AS (
  SELECT t.id, 'DISB' AS kind, t.amount FROM m_loan_transaction t WHERE t.transaction_type_enum = 1
  UNION ALL SELECT t.id, 'REPAY_P', t.principal_portion_derived FROM m_loan_transaction t JOIN m_loan l ON l.id = t.loan_id
            WHERE t.transaction_type_enum IN (2,5,21,22,23,24,26,28,31,33) AND t.principal_portion_derived > 0
              AND (l.is_charged_off = FALSE OR l.charged_off_on_date >= t.transaction_date)
  UNION ALL SELECT t.id, 'REPAY_I', t.interest_portion_derived FROM m_loan_transaction t JOIN m_loan l ON l.id = t.loan_id
            WHERE t.transaction_type_enum IN (2,5,28) AND t.interest_portion_derived > 0
              AND (l.is_charged_off = FALSE OR l.charged_off_on_date >= t.transaction_date)
  UNION ALL SELECT t.id, 'RECOVERY', t.amount FROM m_loan_transaction t JOIN m_loan l ON l.id = t.loan_id
            WHERE t.transaction_type_enum = 8 OR (t.transaction_type_enum IN (2,5,21,22,23,24,26,28,31,33)
              AND l.is_charged_off = TRUE AND l.charged_off_on_date < t.transaction_date)
  UNION ALL SELECT t.id, 'WRITEOFF', COALESCE(t.principal_portion_derived,0) FROM m_loan_transaction t JOIN m_loan l ON l.id = t.loan_id
            WHERE t.transaction_type_enum = 27
               OR (t.transaction_type_enum = 6 AND (l.is_charged_off = FALSE OR l.charged_off_on_date >= t.transaction_date))
  UNION ALL SELECT t.id, 'GLP_ADJ', t.principal_portion_derived FROM m_loan_transaction t JOIN m_loan l ON l.id = t.loan_id
            WHERE t.transaction_type_enum IN (18,20,25) AND t.principal_portion_derived > 0
              AND (l.is_charged_off = FALSE OR l.charged_off_on_date >= t.transaction_date)
)
SELECT t.transaction_date AS date, k.kind AS kind, COUNT(*) AS count, SUM(k.amount) AS amount
FROM loan_flows k JOIN m_loan_transaction t ON t.id = k.id JOIN m_loan l ON l.id = t.loan_id
WHERE t.is_reversed = FALSE AND l.currency_code = :currency AND t.transaction_date BETWEEN :period_start AND :as_of
GROUP BY t.transaction_date, k.kind
UNION ALL
SELECT c.closedon_date, 'GLP_ADJ', COUNT(*), -SUM(c.outstanding)
FROM (SELECT l.id, l.closedon_date,
             SUM(CASE WHEN t.transaction_type_enum = 1 THEN t.amount WHEN t.transaction_type_enum IN (18,20,25) THEN COALESCE(t.principal_portion_derived,0)
                      WHEN t.transaction_type_enum IN (2,5,6,21,22,23,24,26,28,31,33) THEN -COALESCE(t.principal_portion_derived,0) ELSE 0 END) AS outstanding
      FROM m_loan l JOIN m_loan_transaction t ON t.loan_id = l.id
      WHERE l.loan_status_id = 602 AND l.currency_code = :currency AND l.closedon_date BETWEEN :period_start AND :as_of
        AND t.is_reversed = FALSE AND t.transaction_date <= l.closedon_date
      GROUP BY l.id, l.closedon_date) c
WHERE c.outstanding > 0 GROUP BY c.closedon_date
UNION ALL
SELECT t.transaction_date, CASE t.transaction_type_enum WHEN 1 THEN 'DEP_IN' WHEN 2 THEN 'DEP_OUT' WHEN 3 THEN 'DEP_INTEREST' WHEN 8 THEN 'DEP_ADJ' ELSE 'DEP_FEES' END,
       COUNT(*), SUM(t.amount)
FROM m_savings_account_transaction t JOIN m_savings_account s ON s.id = t.savings_account_id
WHERE t.is_reversed = FALSE AND t.is_reversal = FALSE AND t.transaction_type_enum IN (1,2,3,4,5,7,8,17,18,19) AND s.currency_code = :currency
  AND t.transaction_date BETWEEN :period_start AND :as_of
GROUP BY t.transaction_date, CASE t.transaction_type_enum WHEN 1 THEN 'DEP_IN' WHEN 2 THEN 'DEP_OUT' WHEN 3 THEN 'DEP_INTEREST' WHEN 8 THEN 'DEP_ADJ' ELSE 'DEP_FEES' END
UNION ALL
SELECT q.on_date, q.kind, COUNT(*), SUM(q.amount)
FROM (SELECT r.loan_id, r.submitted_on_date AS on_date, 'RENEG_RECEIVED' AS kind, l.principal_outstanding_derived AS amount, l.currency_code
      FROM m_loan_reschedule_request r JOIN m_loan l ON l.id = r.loan_id
      UNION ALL SELECT r.loan_id, r.approved_on_date, 'RENEG_APPROVED', l.principal_outstanding_derived, l.currency_code
                FROM m_loan_reschedule_request r JOIN m_loan l ON l.id = r.loan_id WHERE r.status_enum = 200
      UNION ALL SELECT r.loan_id, r.rejected_on_date, 'RENEG_REJECTED', l.principal_outstanding_derived, l.currency_code
                FROM m_loan_reschedule_request r JOIN m_loan l ON l.id = r.loan_id WHERE r.status_enum = 500) q
WHERE q.currency_code = :currency AND q.on_date BETWEEN :period_start AND :as_of
GROUP BY q.on_date, q.kind
UNION ALL
SELECT :as_of, 'DISB', 0, 0
ORDER BY 1, 2, 3
