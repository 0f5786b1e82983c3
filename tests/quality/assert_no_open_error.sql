-- Figures are wrong until somebody acts: one row per rule of severity error that has open findings. It warns, and does not block.
{{ config(severity='warn', tags=['quality', 'every_build']) }}

{{ open_findings('error') }}
