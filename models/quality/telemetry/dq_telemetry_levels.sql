{{ gathered_findings('levels') }}
