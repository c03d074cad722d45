"""The product on one machine: local cloud, sample payer, sample users, demo."""
