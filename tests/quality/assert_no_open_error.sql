-- Figures are wrong until somebody acts: one row per rule of severity error that has open findings. It warns, and does not block.
{{ config(severity='warn', tags=['quality']) }}

{{ open_findings('error') }}
