// A shop as a dbt project: staging, marts, an incremental model, a snapshot, seeds, sources, macros, tests of every kind. Written for these tests.

export const SHOP_IN_DBT: Readonly<Record<string, string>> = {
  "dbt_project.yml": `name: shop
version: "1.0"
config-version: 2
profile: shop
model-paths: [models]
seed-paths: [seeds]
vars:
  payment_methods: [credit_card, coupon, bank_transfer, gift_card]
  shop: { smallest_order: 0 }
models:
  shop:
    +materialized: table
    staging: { +materialized: view, +tags: staging }
seeds:
  shop:
    raw_payments: { +column_types: { amount: integer } }
`,
  "macros/money.sql": `{# cents as they are stored #}
{% macro dollars(column, digits=2) -%}
  round({{ column }} / 100.0, {{ digits }})
{%- endmacro %}

{% test positive(model, column_name) %}
  select * from {{ model }} where {{ column_name }} < 0
{% endtest %}
`,
  "models/staging/stg_customers.sql": `with source as (
    {#- seeds for now -#}
    select * from {{ ref('raw_customers') }}
)
select id as customer_id, first_name, last_name from source
`,
  "models/staging/stg_orders.sql": `select id as order_id, user_id as customer_id, order_date, status
from {{ ref('raw_orders') }}
where id > {{ var('smallest_order') }}
`,
  "models/staging/stg_payments.sql": `select id as payment_id, order_id, payment_method, {{ dollars('amount') }} as amount
from {{ ref("raw_payments") }};
`,
  "models/staging/schema.yml": `version: 2
models:
  - name: stg_customers
    description: "{{ doc('customers') }}"
    columns:
      - name: customer_id
        description: Key of a customer
        tests: [unique, not_null]
  - name: stg_payments
    columns:
      - name: payment_id
        data_tests: [unique, not_null]
      - name: payment_method
        tests:
          - accepted_values:
              values: [credit_card, coupon, bank_transfer, gift_card]
      - name: amount
        tests: [positive]
`,
  "models/docs.md": "{% docs customers %}\nOne row per\ncustomer\n{% enddocs %}\n",
  "models/orders.sql": `{{ config(materialized='table', unique_key='order_id') }}
with payments as (
    select
        order_id,
        {% for method in var('payment_methods') -%}
        sum(case when payment_method = '{{ method }}' then amount else 0 end) as {{ method }}_amount,
        {% endfor -%}
        sum(amount) as amount
    from {{ ref('stg_payments') }}
    group by {{ dbt_utils.group_by(1) | replace('group by ', '') }}
)
select o.order_id, o.customer_id, o.order_date, o.status,
    {%- for method in var('payment_methods') %}
    p.{{ method }}_amount,
    {%- endfor %}
    p.amount
from {{ ref('stg_orders') }} o left join payments p using (order_id)
`,
  "models/customers.sql": `select c.customer_id, c.first_name, c.last_name,
    min(o.order_date) as first_order, max(o.order_date) as latest_order, count(o.order_id) as orders, sum(o.amount) as total
from {{ ref('stg_customers') }} c left join {{ ref('orders') }} o using (customer_id)
group by all
`,
  "models/payments_kept.sql": `{{ config(materialized='incremental', unique_key='order_id') }}
select order_id, order_date, status from {{ ref('stg_orders') }}
{% if is_incremental() %}
where order_date >= (select max(order_date) from {{ this }})
{% endif %}
`,
  "models/schema.yml": `version: 2
models:
  - name: orders
    description: One row per order
    config: { tags: [mart], meta: { owner: data@shop } }
    columns:
      - name: order_id
        tests:
          - unique
          - relationships: { to: ref('stg_orders'), field: order_id }
      - name: amount
        description: Total of all payments
        tests:
          - not_null: { severity: warn, where: "status <> 'returned'" }
          - dbt_utils.accepted_range: { min_value: 0 }
          - dbt_expectations.expect_column_mean_to_be_between: { min_value: 0 }
unit_tests:
  - name: payments_are_added
    model: orders
    given:
      - input: ref('stg_orders')
        rows: [{ order_id: 1, customer_id: 7 }]
      - input: ref('stg_payments')
        format: csv
        rows: |
          order_id,payment_method,amount
          1,coupon,2.5
          1,coupon,3.5
    expect: { rows: [{ order_id: 1, coupon_amount: 6, amount: 6 }] }
exposures:
  - name: weekly_report
    type: dashboard
`,
  "snapshots/orders.sql": `{% snapshot orders_history %}
{{ config(strategy='check', unique_key='id', check_cols=['status'], target_schema='history', invalidate_hard_deletes=true) }}
select * from {{ ref('raw_orders') }}
{% endsnapshot %}
`,
  "tests/no_future_orders.sql": `select * from {{ ref('orders') }} where order_date > '2100-01-01'`,
  "models/asks_database.sql": `select 1 as one

{% set found = run_query('select 1') %}
`,
  "models/unclosed.sql": "select\n  {{ ref('stg_orders' }}\nfrom x",
  "models/pivoted.sql": "select {{ dbt_utils.pivot('status', ['a']) }} from {{ ref('stg_orders') }}",
};

/** The same tables in plain SQL, over tables raw_customers, raw_orders and raw_payments. */
export const SHOP_IN_SQL: Readonly<Record<string, string>> = {
  "main.stg_payments": "select id payment_id, order_id, payment_method, round(amount / 100.0, 2) amount from raw_payments",
  "main.orders": `select o.id order_id, o.user_id customer_id, o.order_date, o.status,
      sum(case when payment_method = 'credit_card' then amount / 100.0 else 0 end) credit_card_amount,
      sum(case when payment_method = 'coupon' then amount / 100.0 else 0 end) coupon_amount,
      sum(case when payment_method = 'bank_transfer' then amount / 100.0 else 0 end) bank_transfer_amount,
      sum(case when payment_method = 'gift_card' then amount / 100.0 else 0 end) gift_card_amount,
      sum(amount / 100.0) amount
    from raw_orders o join raw_payments p on p.order_id = o.id group by all`,
  "main.customers": `select c.id customer_id, first_name, last_name, min(order_date) first_order, max(order_date) latest_order, count(o.id) orders,
      sum((select sum(amount) / 100.0 from raw_payments p where p.order_id = o.id)) total
    from raw_customers c left join raw_orders o on o.user_id = c.id group by all`,
  "main.payments_kept": "select id order_id, order_date, status from raw_orders",
  "history.orders_history": "select id, user_id, order_date, status from raw_orders",
};
