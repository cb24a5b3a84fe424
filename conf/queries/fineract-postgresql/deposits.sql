-- Deposit accounts as of :as_of, a row an account. The balance is the sum of amounts: running_balance_derived is net of holds (20, 21).
-- COMPULSORY is no type of Fineract's: where products mean it, say so in a copy of this query. A TERM account without a day of maturity can be
-- called, and matures on :as_of.
SELECT s.id AS account_ref, CASE WHEN s.client_id IS NULL THEN -s.group_id ELSE s.client_id END AS owner_ref,
       CASE s.deposit_type_enum WHEN 200 THEN 'TERM' WHEN 300 THEN 'TERM' WHEN 400 THEN 'DEMAND' ELSE 'SAVINGS' END AS type,
       x.balance,
       CASE WHEN s.deposit_type_enum IN (200,300) THEN COALESCE(t.maturity_date, :as_of) END AS matures_on,
       CASE WHEN s.client_id IS NULL THEN 'G' WHEN c.legal_form_enum = 2 THEN 'E' ELSE COALESCE(g.code_value,'U') END AS gender,
       x.last_tx_on
FROM m_savings_account s
JOIN (SELECT savings_account_id,
             SUM(CASE WHEN transaction_type_enum IN (1,3,8) THEN amount WHEN transaction_type_enum IN (2,4,5,7,17,18,19) THEN -amount ELSE 0 END) AS balance,
             MAX(CASE WHEN transaction_type_enum IN (1,2) THEN transaction_date END) AS last_tx_on
      FROM m_savings_account_transaction WHERE is_reversed = FALSE AND is_reversal = FALSE AND transaction_date <= :as_of
      GROUP BY savings_account_id) x ON x.savings_account_id = s.id
LEFT JOIN (SELECT savings_account_id, MAX(maturity_date) AS maturity_date FROM m_deposit_account_term_and_preclosure GROUP BY savings_account_id) t
       ON t.savings_account_id = s.id
LEFT JOIN m_client c ON c.id = s.client_id
LEFT JOIN m_code_value g ON g.id = c.gender_cv_id
WHERE s.currency_code = :currency AND x.balance <> 0
ORDER BY s.id
