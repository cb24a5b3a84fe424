-- Balances as of :as_of and before :period_start, debit - credit. All rows: a reversal is an opposite entry, and the flag on the first one changes nothing.
SELECT a.gl_code AS gl_code, a.name AS name,
       SUM(CASE WHEN j.type_enum = 2 THEN j.amount ELSE -j.amount END) AS balance,
       SUM(CASE WHEN j.entry_date >= :period_start THEN 0 WHEN j.type_enum = 2 THEN j.amount ELSE -j.amount END) AS opening_balance
FROM acc_gl_account a JOIN acc_gl_journal_entry j ON j.account_id = a.id
WHERE j.entry_date <= :as_of AND j.currency_code = :currency
GROUP BY a.gl_code, a.name ORDER BY a.gl_code
