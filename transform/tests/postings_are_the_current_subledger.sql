{# Every current posting is in the model, with its amounts. #}
with staged as (
    select company_id, period_end, count(*) as row_count, sum(debit_amount) as debit, sum(credit_amount) as credit
    from {{ ref('stg_erp__subledger') }}
    group by company_id, period_end
),

modelled as (
    select company_id, period_end, count(*) as row_count, sum(debit_amount) as debit, sum(credit_amount) as credit
    from {{ ref('postings') }}
    group by company_id, period_end
)

(select * from staged except select * from modelled)
union all
(select * from modelled except select * from staged)
