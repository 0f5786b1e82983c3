{#
    Consent figures for readers, from a relation with the sums of the volumes (consent_volumes) and the rates with their
    standard errors (consent_rates): each figure, weighted once, with its interval. A figure that is not sampled is a
    count and has no interval. <rate>_precision says how to read the interval of a rate: estimated, not sampled (exact),
    or error unknown. The error is unknown where all or none of the stored events count, because the sample then does
    not show how far off the rate may be. Where there is no rate it says why. <rate>_is_small_sample judges a rate by
    the stored records of its denominator. of: as for consent_rates.
#}
{% macro reported_consent(sums, of='') -%}
        {%- set volumes = {'notices': 'consent_asked', 'choices': 'consent_given', 'events': 'events'} -%}
        {%- set rates = {
            'opt_in_rate': (['opt_ins' ~ of, 'consent_asked'], none, 'no notice is stored'),
            'consent_rate': (['opt_ins', 'choices'], '1', 'no choice with a status is stored'),
            'conversion_rate': (['consent_given' ~ of, 'consent_asked'], none, 'no notice is stored'),
        } -%}
        {%- for rate, (parts, at_most, missing) in rates.items() %}
        {{ reported_rate(rate, sums ~ '.' ~ rate ~ '_weighted_once', sums ~ '.' ~ rate ~ '_weighted_once_se', at_most) }},
        {{ precision_of(
            sums ~ '.' ~ rate ~ '_weighted_once', sums ~ '.' ~ rate ~ '_weighted_once_se',
            [sums ~ '.' ~ parts[0] ~ '_variance', sums ~ '.' ~ parts[1] ~ '_variance'], missing
        ) }} as {{ rate }}_precision,
        {{ is_small(sums ~ '.' ~ parts[1]) }} as {{ rate }}_is_small_sample,
        {%- endfor %}
        {%- for name, volume in volumes.items() %}
        {{ reported_volume(name, sums ~ '.' ~ volume) }},
        {{ cast_to(sums ~ '.' ~ volume ~ '_sampled', 'integer') }} as {{ name }}_stored,
        {%- endfor %}
        {{ cast_to(sums ~ '.opt_ins_once', 'money') }} as opt_ins
{%- endmacro %}


{# Whether a rate with this denominator has too few stored records for its interval; false where there is no rate. #}
{% macro is_small(whole) -%}
    {{ cast_to(whole ~ '_sampled between 1 and ' ~ (var('least_sampled') - 1), 'boolean') }}
{%- endmacro %}


{# A rate and the bounds of its interval, which are NULL where it has no error. #}
{% macro reported_rate(name, value, error, at_most=none) -%}
        {{ value }} as {{ name }},
        case when {{ error }} > 0 then {{ lower_end(value, error) }} end as {{ name }}_low,
        case when {{ error }} > 0 then {{ upper_end(value, error, at_most) }} end as {{ name }}_high
{%- endmacro %}


{# A volume and the bounds of its interval, which are NULL where no part of it is sampled. #}
{% macro reported_volume(name, volume) -%}
        {%- set error = 'sqrt(' ~ to_double(volume ~ '_variance') ~ ')' -%}
        {{ cast_to(volume ~ '_once', 'money') }} as {{ name }},
        case when {{ volume }}_variance > 0 then {{ lower_end(volume ~ '_once', error, volume ~ '_sampled') }} end as {{ name }}_low,
        case when {{ volume }}_variance > 0 then {{ upper_end(volume ~ '_once', error) }} end as {{ name }}_high
{%- endmacro %}


{% macro precision_of(rate, error, variances, missing) -%}
        {{ cast_to(
            'case when ' ~ rate ~ " is null then '" ~ missing ~ "' when " ~ error ~ " > 0 then 'estimated' when "
            ~ variances | join(' + ') ~ " > 0 then 'error unknown' else 'not sampled' end", 'text'
        ) }}
{%- endmacro %}


{#
    The sums of a relation by each of several columns in turn, and overall: one row per breakdown (the name of the
    column, or all) and member, for each value of the columns in per. The members of each breakdown add up to all, so
    read one breakdown at a time.
#}
{% macro breakdowns(relation, columns, sums, per=[]) -%}
    {%- for column in [none] + columns %}
    select
        {%- for fixed in per %}
        {{ relation }}.{{ fixed }} as {{ fixed }},
        {%- endfor %}
        {{ cast_to("'" ~ (column or 'all') ~ "'", 'text') }} as breakdown,
        {{ cast_to(relation ~ '.' ~ column if column else "'all'", 'text_nullable') }} as member,
        {{ sums }}
    from {{ relation }}
    {%- set groups = per + ([column] if column else []) %}
    {{ 'group by ' ~ relation ~ '.' ~ groups | join(', ' ~ relation ~ '.') if groups else 'having count(*) > 0' }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
{%- endmacro %}


{#
    The sums behind all consent volumes, over the rows of a relation with has_notices, and those behind choices about
    purposes and vendors.
#}
{% macro consent_volume_sums(relation) -%}
        {%- for volume, condition in consent_volumes().items() %}
        {{ volume_sums(relation, volume, condition) }},
        {%- endfor %}
        {%- for volume, whole in volumes_with_notices().items() %}
        {{ volume_sums(relation, volume, relation ~ '.has_notices and ' ~ consent_volumes()[whole]) }}{{ ',' if not loop.last }}
        {%- endfor %}
{%- endmacro %}

{% macro choice_sums(relation) -%}
        {%- for choice in ['offered', 'enabled', 'disabled'] %}
        {{ volume_sums(relation, choice, relation ~ ".choice = '" ~ choice ~ "'", without=['extrapolated']) }},
        {%- endfor %}
        {{ volume_sums(relation, 'decided', relation ~ ".choice <> 'offered'", without=['extrapolated']) }},
        {{ volume_sums(
            relation, 'enabled_with_notices', relation ~ '.has_notices and ' ~ relation ~ ".choice = 'enabled'",
            without=['extrapolated']
        ) }},
        count(distinct case when {{ relation }}.choice <> 'offered' then {{ relation }}.company_id end) as company_count
{%- endmacro %}


{# Whether a UTC day is after the last delivery. Only a clock that runs ahead produces such events. #}
{% macro is_after_last_delivery(day) -%}
    {{ day }} > (select {{ cast_to('max(files._delivered_at)', 'date') }} from {{ ref('stg_consent__files') }} as files)
{%- endmacro %}

{# A UTC day as a member of a breakdown; all days after the last delivery form one member. #}
{% macro day_or_later(day) -%}
    case when {{ is_after_last_delivery(day) }} then 'after the last delivery' else {{ cast_to(day, 'text') }} end
{%- endmacro %}
