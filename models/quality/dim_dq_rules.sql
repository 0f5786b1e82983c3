{{ config(tags=['quality']) }}

{{ words_of_rules() }}
