-- What performing loans are to pay after :as_of, a row a day. Performing: not written off, charged off or closed as rescheduled by then, with a
-- balance, and every instalment that was due before is settled. The schedule is the current one.
-- The last row says that it was asked for, where nothing falls due.
WITH positions AS (
  SELECT loan_id,
    SUM(CASE WHEN transaction_type_enum = 1 THEN amount
             WHEN transaction_type_enum IN (18,20,25) THEN COALESCE(principal_portion_derived,0)
             WHEN transaction_type_enum IN (2,5,6,21,22,23,24,26,28,31,33) THEN -COALESCE(principal_portion_derived,0) ELSE 0 END) AS outstanding,
    SUM(CASE WHEN transaction_type_enum IN (2,5,21,22,23,24,26,28,31,33) THEN COALESCE(principal_portion_derived,0)
             WHEN transaction_type_enum = 18 THEN -COALESCE(principal_portion_derived,0) ELSE 0 END) AS paid_p,
    SUM(CASE WHEN transaction_type_enum IN (2,4,5,21,22,23,24,26,28,31,33) THEN COALESCE(interest_portion_derived,0)
             WHEN transaction_type_enum = 18 THEN -COALESCE(interest_portion_derived,0) ELSE 0 END) AS settled_i
  FROM m_loan_transaction WHERE is_reversed = FALSE AND transaction_date <= :as_of GROUP BY loan_id
), dues AS (
  SELECT loan_id, duedate, COALESCE(principal_amount,0) AS principal, COALESCE(interest_amount,0) AS interest,
    SUM(COALESCE(principal_amount,0)) OVER (PARTITION BY loan_id ORDER BY duedate, installment) AS cum_p,
    SUM(COALESCE(interest_amount,0))  OVER (PARTITION BY loan_id ORDER BY duedate, installment) AS cum_i
  FROM m_loan_repayment_schedule
), late AS (
  SELECT DISTINCT d.loan_id FROM dues d JOIN positions p ON p.loan_id = d.loan_id
  WHERE d.duedate < :as_of AND (d.cum_p > p.paid_p OR d.cum_i > p.settled_i)
), performing AS (
  SELECT l.id, b.paid_p, b.settled_i FROM m_loan l JOIN positions b ON b.loan_id = l.id
  WHERE l.currency_code = :currency AND l.disbursedon_date <= :as_of AND b.outstanding > 0
    AND NOT (l.is_charged_off = TRUE AND l.charged_off_on_date <= :as_of)
    AND (l.writtenoffon_date IS NULL OR l.writtenoffon_date > :as_of)
    AND NOT (l.loan_status_id = 602 AND l.closedon_date IS NOT NULL AND l.closedon_date <= :as_of)
    AND l.id NOT IN (SELECT loan_id FROM late)
)
SELECT u.due_on, SUM(u.principal) AS principal, SUM(u.interest) AS interest
FROM (SELECT d.duedate AS due_on,
             CASE WHEN d.cum_p <= f.paid_p THEN 0 WHEN d.cum_p - f.paid_p < d.principal THEN d.cum_p - f.paid_p ELSE d.principal END AS principal,
             CASE WHEN d.cum_i <= f.settled_i THEN 0 WHEN d.cum_i - f.settled_i < d.interest THEN d.cum_i - f.settled_i ELSE d.interest END AS interest
      FROM dues d JOIN performing f ON f.id = d.loan_id WHERE d.duedate >= :as_of
      UNION ALL SELECT :as_of, 0, 0) u
GROUP BY u.due_on ORDER BY u.due_on
