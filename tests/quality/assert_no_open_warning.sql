-- Figures may be wrong: one row per rule of severity warning that has open findings. It warns, and does not block.
{{ config(severity='warn', tags=['quality', 'every_build']) }}

{{ open_findings('warning') }}
