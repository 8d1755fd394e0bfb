{# Every current posting is in the model, with its amounts, and in the sums that the others are made from. #}
with staged as (
    select company_id, period_end, count(*) as row_count, sum(debit_amount) as debit, sum(credit_amount) as credit
    from {{ ref('stg_erp__subledger') }}
    group by company_id, period_end
),

modelled as (
    select company_id, period_end, count(*) as row_count, sum(debit_amount) as debit, sum(credit_amount) as credit
    from {{ ref('postings') }}
    group by company_id, period_end
),

summed as (
    select company_id, period_end, sum(posting_count) as row_count, sum(debit) as debit, sum(credit) as credit
    from {{ ref('int_posting_sums') }}
    group by company_id, period_end
)

(select * from staged except select * from modelled)
union all
(select * from modelled except select * from staged)
union all
(select * from modelled except select * from summed)
union all
(select * from summed except select * from modelled)
