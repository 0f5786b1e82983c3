-- Figures may be wrong: one row per rule of severity warning with open findings. It only warns.
{{ config(severity='warn', tags=['quality', 'every_build']) }}

{{ open_findings('warning') }}
