-- The loan book as of :as_of: a row for each loan with a balance, and for each written off or charged off from :period_start on.
-- No date arithmetic and no sums over loans: days, buckets and ratios are the agent's. Overdue by any amount due (basis ANY).
-- The balance is the sum of principal portions, not outstanding_loan_balance_derived, which a refund (18) moves the wrong way, an income posting (19)
-- is added to, and a reversed row leaves stale. A loan closed as rescheduled (602) lives on in its successor.
WITH positions AS (
  SELECT loan_id,
    SUM(CASE WHEN transaction_type_enum = 1 THEN amount ELSE 0 END) AS disbursed,
    SUM(CASE WHEN transaction_type_enum = 1 THEN amount
             WHEN transaction_type_enum IN (18,20,25) THEN COALESCE(principal_portion_derived,0)
             WHEN transaction_type_enum IN (2,5,6,21,22,23,24,26,28,31,33) THEN -COALESCE(principal_portion_derived,0) ELSE 0 END) AS outstanding,
    SUM(CASE WHEN transaction_type_enum IN (2,5,21,22,23,24,26,28,31,33) THEN COALESCE(principal_portion_derived,0)
             WHEN transaction_type_enum = 18 THEN -COALESCE(principal_portion_derived,0) ELSE 0 END) AS paid_p,
    SUM(CASE WHEN transaction_type_enum IN (2,4,5,21,22,23,24,26,28,31,33) THEN COALESCE(interest_portion_derived,0)
             WHEN transaction_type_enum = 18 THEN -COALESCE(interest_portion_derived,0) ELSE 0 END) AS settled_i,
    SUM(CASE WHEN transaction_type_enum = 6 THEN COALESCE(principal_portion_derived,0) ELSE 0 END) AS written_off,
    SUM(CASE WHEN transaction_type_enum = 27 THEN COALESCE(principal_portion_derived,0) ELSE 0 END) AS charged_off
  FROM m_loan_transaction WHERE is_reversed = FALSE AND transaction_date <= :as_of GROUP BY loan_id
), dues AS (
  SELECT loan_id, duedate,
    SUM(COALESCE(principal_amount,0)) OVER (PARTITION BY loan_id ORDER BY duedate, installment) AS cum_p,
    SUM(COALESCE(interest_amount,0))  OVER (PARTITION BY loan_id ORDER BY duedate, installment) AS cum_i
  FROM m_loan_repayment_schedule WHERE duedate < :as_of
), late AS (
  SELECT d.loan_id, MIN(d.duedate) AS overdue_since, MAX(CASE WHEN d.cum_p > p.paid_p THEN d.cum_p - p.paid_p ELSE 0 END) AS principal_overdue
  FROM dues d JOIN positions p ON p.loan_id = d.loan_id
  WHERE d.cum_p > p.paid_p OR d.cum_i > p.settled_i
  GROUP BY d.loan_id
), restructured AS (
  SELECT loan_id, COUNT(*) AS times, MAX(on_date) AS last_on FROM (
    SELECT loan_id, approved_on_date AS on_date FROM m_loan_reschedule_request WHERE status_enum = 200 AND approved_on_date <= :as_of
    UNION ALL SELECT loan_id, transaction_date FROM m_loan_transaction
              WHERE transaction_type_enum IN (29,30) AND is_reversed = FALSE AND transaction_date <= :as_of) r
  GROUP BY loan_id
), gone AS (
  -- written off; or charged off, which counts as written off on its day
  SELECT id AS loan_id, CASE WHEN is_charged_off = TRUE AND charged_off_on_date <= :as_of THEN charged_off_on_date
                             WHEN writtenoffon_date <= :as_of THEN writtenoffon_date END AS off_on
  FROM m_loan
), people AS (
  SELECT group_id, COUNT(*) AS members FROM m_group_client GROUP BY group_id
)
SELECT l.account_no AS loan_ref,
       CASE WHEN l.client_id IS NULL THEN -l.group_id ELSE l.client_id END AS borrower_ref,
       COALESCE(o.external_id, CAST(o.id AS VARCHAR(20))) AS branch,
       COALESCE(p.short_name,'') AS product,
       COALESCE(pu.code_value,'') AS sector,
       CASE WHEN l.client_id IS NULL THEN 'G' WHEN c.legal_form_enum = 2 THEN 'E' ELSE COALESCE(g.code_value,'U') END AS gender,
       c.date_of_birth AS birth_date,
       CASE WHEN l.client_id IS NULL THEN m.members END AS members,
       l.currency_code AS currency,
       l.disbursedon_date AS disbursed_on,
       l.expected_maturedon_date AS matures_on,
       b.disbursed AS principal_disbursed,
       b.outstanding AS principal_outstanding,
       CASE WHEN f.off_on IS NOT NULL THEN 0
            WHEN a.principal_overdue > b.outstanding THEN b.outstanding -- a tranche that was not paid out cannot be owed
            ELSE COALESCE(a.principal_overdue,0) END AS principal_overdue,
       CASE WHEN f.off_on IS NULL THEN a.overdue_since END AS overdue_since,
       COALESCE(r.times,0) AS times_restructured,
       r.last_on AS restructured_on,
       f.off_on AS written_off_on,
       CASE WHEN f.off_on IS NOT NULL THEN CASE WHEN b.charged_off > 0 THEN b.charged_off ELSE b.written_off END END AS written_off_amount
FROM m_loan l
JOIN positions b ON b.loan_id = l.id
JOIN gone f ON f.loan_id = l.id
LEFT JOIN m_client c ON c.id = l.client_id
LEFT JOIN m_group gr ON gr.id = l.group_id
LEFT JOIN m_office o ON o.id = COALESCE(c.office_id, gr.office_id)
LEFT JOIN m_product_loan p ON p.id = l.product_id
LEFT JOIN m_code_value pu ON pu.id = l.loanpurpose_cv_id
LEFT JOIN m_code_value g ON g.id = c.gender_cv_id
LEFT JOIN people m ON m.group_id = l.group_id
LEFT JOIN late a ON a.loan_id = l.id
LEFT JOIN restructured r ON r.loan_id = l.id
WHERE l.currency_code = :currency AND l.disbursedon_date <= :as_of
  AND NOT (l.loan_status_id = 602 AND l.closedon_date IS NOT NULL AND l.closedon_date <= :as_of)
  AND ((f.off_on IS NULL AND b.outstanding > 0) OR f.off_on >= :period_start)
ORDER BY l.id
