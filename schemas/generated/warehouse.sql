CREATE SCHEMA IF NOT EXISTS raw;

CREATE SCHEMA IF NOT EXISTS staged;

CREATE SCHEMA IF NOT EXISTS core;

CREATE SCHEMA IF NOT EXISTS quality;

CREATE SCHEMA IF NOT EXISTS ref;

CREATE TABLE IF NOT EXISTS core.aggregate_cell (
	submission_id VARCHAR NOT NULL, 
	sheet VARCHAR NOT NULL, 
	source_row INTEGER NOT NULL, 
	source_part SMALLINT NOT NULL, 
	aggregate_reference VARCHAR, 
	territory VARCHAR, 
	reference_year SMALLINT, 
	reference_year_missing VARCHAR, 
	population VARCHAR, 
	breakdown VARCHAR, 
	category VARCHAR, 
	category_territory VARCHAR, 
	sex VARCHAR, 
	age_group VARCHAR, 
	unit VARCHAR, 
	value INTEGER, 
	value_missing VARCHAR, 
	value_qualifier VARCHAR, 
	base_population VARCHAR, 
	source VARCHAR, 
	vintage DATE, 
	vintage_precision VARCHAR, 
	vintage_missing VARCHAR
);

CREATE TABLE IF NOT EXISTS core.assistance_episode (
	submission_id VARCHAR NOT NULL, 
	sheet VARCHAR NOT NULL, 
	source_row INTEGER NOT NULL, 
	source_part SMALLINT NOT NULL, 
	assistance_reference VARCHAR, 
	person_reference VARCHAR, 
	lead_organisation VARCHAR, 
	territory VARCHAR, 
	identification_reference VARCHAR, 
	episode_reference VARCHAR, 
	assistance_context VARCHAR, 
	victim_relation VARCHAR, 
	entry_channel VARCHAR, 
	through_referral_mechanism VARCHAR, 
	offered_date DATE, 
	offered_date_precision VARCHAR, 
	offered_date_missing VARCHAR, 
	assistance_start_date DATE, 
	assistance_start_date_precision VARCHAR, 
	assistance_start_date_missing VARCHAR, 
	first_service_date DATE, 
	first_service_date_precision VARCHAR, 
	first_service_date_missing VARCHAR, 
	assistance_end_date DATE, 
	assistance_end_date_precision VARCHAR, 
	assistance_end_date_missing VARCHAR, 
	age_at_assistance_start INTEGER, 
	age_at_assistance_start_missing VARCHAR, 
	minor_at_assistance_start VARCHAR, 
	number_of_dependants INTEGER, 
	number_of_dependants_missing VARCHAR, 
	assistance_plan VARCHAR, 
	risk_assessed VARCHAR, 
	guardian_appointed VARCHAR, 
	guardian_date DATE, 
	guardian_date_precision VARCHAR, 
	guardian_date_missing VARCHAR, 
	cooperation VARCHAR, 
	reintegration_stage VARCHAR, 
	case_status VARCHAR, 
	closure_reason VARCHAR, 
	living_at_end VARCHAR, 
	work_at_end VARCHAR, 
	education_at_end VARCHAR, 
	victim_relation_derived VARCHAR, 
	minor_at_assistance_start_derived VARCHAR
);

CREATE TABLE IF NOT EXISTS core.compensation (
	submission_id VARCHAR NOT NULL, 
	sheet VARCHAR NOT NULL, 
	source_row INTEGER NOT NULL, 
	source_part SMALLINT NOT NULL, 
	compensation_reference VARCHAR, 
	person_reference VARCHAR, 
	territory VARCHAR, 
	compensation_source VARCHAR, 
	claim_date DATE, 
	claim_date_precision VARCHAR, 
	claim_date_missing VARCHAR, 
	decided_date DATE, 
	decided_date_precision VARCHAR, 
	decided_date_missing VARCHAR, 
	compensation_result VARCHAR, 
	awarded_euro DOUBLE PRECISION, 
	awarded_euro_missing VARCHAR, 
	paid_euro DOUBLE PRECISION, 
	paid_euro_missing VARCHAR
);

CREATE TABLE IF NOT EXISTS core.follow_up (
	submission_id VARCHAR NOT NULL, 
	sheet VARCHAR NOT NULL, 
	source_row INTEGER NOT NULL, 
	source_part SMALLINT NOT NULL, 
	follow_up_reference VARCHAR, 
	person_reference VARCHAR, 
	assistance_reference VARCHAR, 
	due_month INTEGER, 
	due_month_missing VARCHAR, 
	contact_date DATE, 
	contact_date_precision VARCHAR, 
	contact_date_missing VARCHAR, 
	follow_up_method VARCHAR, 
	follow_up_result VARCHAR, 
	housing_score INTEGER, 
	housing_score_missing VARCHAR, 
	legal_score INTEGER, 
	legal_score_missing VARCHAR, 
	income_score INTEGER, 
	income_score_missing VARCHAR, 
	work_score INTEGER, 
	work_score_missing VARCHAR, 
	education_score INTEGER, 
	education_score_missing VARCHAR, 
	safety_score INTEGER, 
	safety_score_missing VARCHAR, 
	family_score INTEGER, 
	family_score_missing VARCHAR, 
	social_score INTEGER, 
	social_score_missing VARCHAR, 
	physical_health_score INTEGER, 
	physical_health_score_missing VARCHAR, 
	mental_health_score INTEGER, 
	mental_health_score_missing VARCHAR, 
	access_score INTEGER, 
	access_score_missing VARCHAR, 
	sustainability_total DOUBLE PRECISION, 
	sustainability_total_missing VARCHAR, 
	sustainability_economic DOUBLE PRECISION, 
	sustainability_economic_missing VARCHAR, 
	sustainability_social DOUBLE PRECISION, 
	sustainability_social_missing VARCHAR, 
	sustainability_psychosocial DOUBLE PRECISION, 
	sustainability_psychosocial_missing VARCHAR, 
	retrafficked VARCHAR
);

CREATE TABLE IF NOT EXISTS core.identification (
	submission_id VARCHAR NOT NULL, 
	sheet VARCHAR NOT NULL, 
	source_row INTEGER NOT NULL, 
	source_part SMALLINT NOT NULL, 
	identification_reference VARCHAR, 
	person_reference VARCHAR, 
	episode_reference VARCHAR, 
	organisation VARCHAR, 
	territory VARCHAR, 
	identification_date DATE, 
	identification_date_precision VARCHAR, 
	identification_date_missing VARCHAR, 
	identification_status VARCHAR, 
	decision_organisation VARCHAR, 
	identification_method VARCHAR, 
	first_contact_organisation VARCHAR, 
	days_first_contact_to_decision INTEGER, 
	days_first_contact_to_decision_missing VARCHAR, 
	age_at_identification INTEGER, 
	age_at_identification_missing VARCHAR, 
	stated_age_band_at_identification VARCHAR, 
	minor_at_identification VARCHAR, 
	age_assessment VARCHAR, 
	detained_or_fined_before VARCHAR, 
	risk_level VARCHAR, 
	age_band_at_identification VARCHAR, 
	minor_at_identification_derived VARCHAR, 
	aged_in VARCHAR
);

CREATE TABLE IF NOT EXISTS core.justice (
	submission_id VARCHAR NOT NULL, 
	sheet VARCHAR NOT NULL, 
	source_row INTEGER NOT NULL, 
	source_part SMALLINT NOT NULL, 
	justice_reference VARCHAR, 
	person_reference VARCHAR, 
	territory VARCHAR, 
	proceeding VARCHAR, 
	justice_role VARCHAR, 
	legal_aid VARCHAR, 
	protected_measures VARCHAR, 
	proceeding_start_date DATE, 
	proceeding_start_date_precision VARCHAR, 
	proceeding_start_date_missing VARCHAR, 
	justice_outcome VARCHAR
);

CREATE TABLE IF NOT EXISTS core.legal_status (
	submission_id VARCHAR NOT NULL, 
	sheet VARCHAR NOT NULL, 
	source_row INTEGER NOT NULL, 
	source_part SMALLINT NOT NULL, 
	legal_status_reference VARCHAR, 
	person_reference VARCHAR, 
	territory VARCHAR, 
	legal_status_kind VARCHAR, 
	legal_status_basis VARCHAR, 
	applied_date DATE, 
	applied_date_precision VARCHAR, 
	applied_date_missing VARCHAR, 
	decided_date DATE, 
	decided_date_precision VARCHAR, 
	decided_date_missing VARCHAR, 
	legal_status_result VARCHAR, 
	valid_from DATE, 
	valid_from_precision VARCHAR, 
	valid_from_missing VARCHAR, 
	valid_to DATE, 
	valid_to_precision VARCHAR, 
	valid_to_missing VARCHAR
);

CREATE TABLE IF NOT EXISTS core.need (
	submission_id VARCHAR NOT NULL, 
	sheet VARCHAR NOT NULL, 
	source_row INTEGER NOT NULL, 
	source_part SMALLINT NOT NULL, 
	assistance_reference VARCHAR, 
	service VARCHAR, 
	need_level VARCHAR, 
	need_met VARCHAR, 
	barrier VARCHAR
);

CREATE TABLE IF NOT EXISTS core.offer (
	submission_id VARCHAR NOT NULL, 
	sheet VARCHAR NOT NULL, 
	source_row INTEGER NOT NULL, 
	source_part SMALLINT NOT NULL, 
	offer_reference VARCHAR, 
	person_reference VARCHAR, 
	organisation VARCHAR, 
	territory VARCHAR, 
	offer_date DATE, 
	offer_date_precision VARCHAR, 
	offer_date_missing VARCHAR, 
	offer_scope VARCHAR, 
	offer_response VARCHAR, 
	decline_reason VARCHAR
);

CREATE TABLE IF NOT EXISTS core.organisation (
	submission_id VARCHAR NOT NULL, 
	sheet VARCHAR NOT NULL, 
	source_row INTEGER NOT NULL, 
	source_part SMALLINT NOT NULL, 
	organisation_id VARCHAR, 
	organisation_name VARCHAR, 
	territory VARCHAR, 
	organisation_type VARCHAR, 
	organisation_role VARCHAR[], 
	may_identify VARCHAR, 
	active_from DATE, 
	active_from_precision VARCHAR, 
	active_from_missing VARCHAR, 
	active_to DATE, 
	active_to_precision VARCHAR, 
	active_to_missing VARCHAR
);

CREATE TABLE IF NOT EXISTS core.person (
	submission_id VARCHAR NOT NULL, 
	sheet VARCHAR NOT NULL, 
	source_row INTEGER NOT NULL, 
	source_part SMALLINT NOT NULL, 
	person_id VARCHAR NOT NULL, 
	person_reference VARCHAR, 
	linkage_token_strict VARCHAR, 
	linkage_token_document VARCHAR, 
	linkage_token_1 VARCHAR, 
	linkage_token_2 VARCHAR, 
	linkage_token_3 VARCHAR, 
	linkage_token_4 VARCHAR, 
	linkage_token_5 VARCHAR, 
	linkage_token_6 VARCHAR, 
	national_reference_token VARCHAR, 
	sex VARCHAR, 
	gender VARCHAR, 
	birth_year SMALLINT, 
	birth_year_missing VARCHAR, 
	citizenship VARCHAR, 
	further_citizenship VARCHAR[], 
	stateless VARCHAR, 
	residence_territory VARCHAR, 
	residence_area VARCHAR, 
	ethnicity_group VARCHAR, 
	education VARCHAR, 
	education_completed VARCHAR, 
	marital_status VARCHAR, 
	has_children VARCHAR, 
	number_of_children INTEGER, 
	number_of_children_missing VARCHAR, 
	living_with VARCHAR, 
	economic_situation VARCHAR, 
	work_before VARCHAR, 
	prior_violence VARCHAR, 
	disability VARCHAR, 
	background_as_of VARCHAR
);

CREATE TABLE IF NOT EXISTS core.referral (
	submission_id VARCHAR NOT NULL, 
	sheet VARCHAR NOT NULL, 
	source_row INTEGER NOT NULL, 
	source_part SMALLINT NOT NULL, 
	referral_reference VARCHAR, 
	person_reference VARCHAR, 
	from_organisation VARCHAR, 
	to_organisation VARCHAR, 
	from_territory VARCHAR, 
	to_territory VARCHAR, 
	referral_date DATE, 
	referral_date_precision VARCHAR, 
	referral_date_missing VARCHAR, 
	accepted_date DATE, 
	accepted_date_precision VARCHAR, 
	accepted_date_missing VARCHAR, 
	referral_reason VARCHAR, 
	through_referral_mechanism VARCHAR, 
	referral_result VARCHAR
);

CREATE TABLE IF NOT EXISTS core.return_event (
	submission_id VARCHAR NOT NULL, 
	sheet VARCHAR NOT NULL, 
	source_row INTEGER NOT NULL, 
	source_part SMALLINT NOT NULL, 
	return_reference VARCHAR, 
	person_reference VARCHAR, 
	from_territory VARCHAR, 
	to_territory VARCHAR, 
	return_date DATE, 
	return_date_precision VARCHAR, 
	return_date_missing VARCHAR, 
	return_type VARCHAR, 
	organiser_type VARCHAR, 
	risk_assessed VARCHAR, 
	met_on_arrival VARCHAR, 
	referred_to_organisation VARCHAR
);

CREATE TABLE IF NOT EXISTS core.route_leg (
	submission_id VARCHAR NOT NULL, 
	sheet VARCHAR NOT NULL, 
	source_row INTEGER NOT NULL, 
	source_part SMALLINT NOT NULL, 
	episode_reference VARCHAR, 
	leg_number INTEGER, 
	leg_number_missing VARCHAR, 
	from_territory VARCHAR, 
	to_territory VARCHAR, 
	border_crossed VARCHAR, 
	transport VARCHAR, 
	transport_leg_legality VARCHAR
);

CREATE TABLE IF NOT EXISTS core.scorecard (
	submission_id VARCHAR NOT NULL, 
	sheet VARCHAR NOT NULL, 
	source_row INTEGER NOT NULL, 
	source_part SMALLINT NOT NULL, 
	territory VARCHAR, 
	reference_year SMALLINT, 
	reference_year_missing VARCHAR, 
	indicator VARCHAR, 
	level VARCHAR, 
	stage VARCHAR, 
	value DOUBLE PRECISION, 
	value_missing VARCHAR, 
	answer VARCHAR, 
	date_value DATE, 
	date_value_precision VARCHAR, 
	date_value_missing VARCHAR, 
	evidence_title VARCHAR, 
	evidence_url VARCHAR, 
	evidence_date DATE, 
	evidence_date_precision VARCHAR, 
	evidence_date_missing VARCHAR, 
	evidence_status VARCHAR
);

CREATE TABLE IF NOT EXISTS core.service (
	submission_id VARCHAR NOT NULL, 
	sheet VARCHAR NOT NULL, 
	source_row INTEGER NOT NULL, 
	source_part SMALLINT NOT NULL, 
	service_reference VARCHAR, 
	assistance_reference VARCHAR, 
	service VARCHAR, 
	service_start_date DATE, 
	service_start_date_precision VARCHAR, 
	service_start_date_missing VARCHAR, 
	service_end_date DATE, 
	service_end_date_precision VARCHAR, 
	service_end_date_missing VARCHAR, 
	units DOUBLE PRECISION, 
	units_missing VARCHAR, 
	service_unit VARCHAR, 
	provider_organisation VARCHAR, 
	provider_type VARCHAR, 
	funder VARCHAR, 
	service_outcome VARCHAR
);

CREATE TABLE IF NOT EXISTS core.submission (
	submission_id VARCHAR NOT NULL, 
	sheet VARCHAR NOT NULL, 
	source_row INTEGER NOT NULL, 
	source_part SMALLINT NOT NULL, 
	organisation VARCHAR, 
	territory VARCHAR, 
	period_start DATE, 
	period_start_precision VARCHAR, 
	period_start_missing VARCHAR, 
	period_end DATE, 
	period_end_precision VARCHAR, 
	period_end_missing VARCHAR, 
	version_number INTEGER, 
	version_number_missing VARCHAR, 
	replaces_version INTEGER, 
	replaces_version_missing VARCHAR, 
	submission_kind VARCHAR, 
	coverage VARCHAR, 
	coverage_note VARCHAR[], 
	definition_identified VARCHAR, 
	count_basis VARCHAR, 
	kosovo_basis VARCHAR, 
	consent_basis VARCHAR, 
	submission_reference VARCHAR
);

CREATE TABLE IF NOT EXISTS core.trafficking_episode (
	submission_id VARCHAR NOT NULL, 
	sheet VARCHAR NOT NULL, 
	source_row INTEGER NOT NULL, 
	source_part SMALLINT NOT NULL, 
	episode_reference VARCHAR, 
	person_reference VARCHAR, 
	episode_number INTEGER, 
	episode_number_missing VARCHAR, 
	recruitment_date DATE, 
	recruitment_date_precision VARCHAR, 
	recruitment_date_missing VARCHAR, 
	recruitment_territory VARCHAR, 
	age_at_entry INTEGER, 
	age_at_entry_missing VARCHAR, 
	minor_at_entry VARCHAR, 
	reason_for_leaving VARCHAR[], 
	reason_for_leaving_no VARCHAR[], 
	recruitment_channel VARCHAR[], 
	recruitment_channel_no VARCHAR[], 
	recruitment_application VARCHAR[], 
	recruitment_application_no VARCHAR[], 
	recruiter_relation VARCHAR[], 
	recruiter_relation_no VARCHAR[], 
	recruiter_sex VARCHAR, 
	recruiter_citizenship VARCHAR, 
	promise VARCHAR, 
	promised_job VARCHAR, 
	aware_of_sexual_work VARCHAR, 
	abducted VARCHAR, 
	times_sold INTEGER, 
	times_sold_missing VARCHAR, 
	border_crossed VARCHAR, 
	crossing VARCHAR, 
	travel_document VARCHAR, 
	document_cost_payer VARCHAR, 
	documents_withheld VARCHAR, 
	transport VARCHAR, 
	travelled_with VARCHAR, 
	exploited_at_all VARCHAR, 
	exploitation_start_date DATE, 
	exploitation_start_date_precision VARCHAR, 
	exploitation_start_date_missing VARCHAR, 
	exploitation_end_date DATE, 
	exploitation_end_date_precision VARCHAR, 
	exploitation_end_date_missing VARCHAR, 
	exploitation_main_territory VARCHAR, 
	exploitation_last_territory VARCHAR, 
	exploitation_territory_is_proxy VARCHAR, 
	age_at_exploitation_start INTEGER, 
	age_at_exploitation_start_missing VARCHAR, 
	minor_at_exploitation VARCHAR, 
	exploitation_form VARCHAR[], 
	exploitation_form_no VARCHAR[], 
	labour_sector VARCHAR[], 
	labour_sector_no VARCHAR[], 
	exploitation_venue VARCHAR[], 
	exploitation_venue_no VARCHAR[], 
	trafficking_act VARCHAR[], 
	trafficking_act_no VARCHAR[], 
	trafficking_means VARCHAR[], 
	trafficking_means_no VARCHAR[], 
	means_of_control VARCHAR[], 
	means_of_control_no VARCHAR[], 
	freedom_of_movement VARCHAR, 
	debt VARCHAR, 
	earnings_kept VARCHAR, 
	abuse VARCHAR[], 
	abuse_no VARCHAR[], 
	health_consequence VARCHAR[], 
	health_consequence_no VARCHAR[], 
	months_exploited DOUBLE PRECISION, 
	months_exploited_missing VARCHAR, 
	stated_duration_band VARCHAR, 
	exit_date DATE, 
	exit_date_precision VARCHAR, 
	exit_date_missing VARCHAR, 
	exit_from_trafficking VARCHAR, 
	exploitation_territory VARCHAR, 
	flow VARCHAR, 
	exploitation_group VARCHAR, 
	duration_band VARCHAR, 
	minor_at_entry_derived VARCHAR, 
	minor_at_exploitation_derived VARCHAR, 
	age_band_at_entry VARCHAR, 
	is_repeat VARCHAR
);

CREATE TABLE IF NOT EXISTS quality.answer (
	submission_id VARCHAR NOT NULL, 
	rule_id VARCHAR NOT NULL, 
	target_table VARCHAR, 
	target_field VARCHAR, 
	sheet VARCHAR, 
	column_letter VARCHAR, 
	answer VARCHAR NOT NULL, 
	findings BIGINT NOT NULL
);

CREATE TABLE IF NOT EXISTS quality.balance (
	submission_id VARCHAR NOT NULL, 
	sheet VARCHAR NOT NULL, 
	item VARCHAR NOT NULL, 
	count BIGINT NOT NULL
);

CREATE TABLE IF NOT EXISTS quality.correction (
	submission_id VARCHAR NOT NULL, 
	correction_id VARCHAR NOT NULL, 
	target_table VARCHAR NOT NULL, 
	target_field VARCHAR NOT NULL, 
	reason TEXT NOT NULL, 
	role VARCHAR NOT NULL, 
	decided_on DATE NOT NULL, 
	expires_on DATE NOT NULL, 
	cells BIGINT NOT NULL
);

CREATE TABLE IF NOT EXISTS quality.decision (
	submission_id VARCHAR NOT NULL, 
	decision VARCHAR NOT NULL, 
	decided_at TIMESTAMP WITHOUT TIME ZONE NOT NULL, 
	errors BIGINT NOT NULL, 
	warnings BIGINT NOT NULL, 
	notes BIGINT NOT NULL, 
	expectations INTEGER NOT NULL, 
	expectations_failed INTEGER NOT NULL
);

CREATE TABLE IF NOT EXISTS quality.finding (
	submission_id VARCHAR NOT NULL, 
	rule_id VARCHAR NOT NULL, 
	severity VARCHAR NOT NULL, 
	dimension VARCHAR NOT NULL, 
	target_table VARCHAR, 
	target_field VARCHAR, 
	sheet VARCHAR, 
	source_row INTEGER, 
	column_letter VARCHAR, 
	waived BOOLEAN NOT NULL
);

CREATE TABLE IF NOT EXISTS quality.rule_result (
	submission_id VARCHAR NOT NULL, 
	rule_id VARCHAR NOT NULL, 
	target_table VARCHAR NOT NULL, 
	target_field VARCHAR, 
	severity VARCHAR NOT NULL, 
	evaluated BIGINT NOT NULL, 
	failed BIGINT NOT NULL, 
	not_applicable BIGINT NOT NULL, 
	could_not_run VARCHAR
);

CREATE TABLE IF NOT EXISTS quality.validation_result (
	submission_id VARCHAR NOT NULL, 
	suite VARCHAR NOT NULL, 
	expectation_id VARCHAR NOT NULL, 
	rule_id VARCHAR, 
	expectation VARCHAR NOT NULL, 
	success BOOLEAN NOT NULL, 
	failed BIGINT, 
	observed TEXT
);

CREATE TABLE IF NOT EXISTS quality.waiver (
	submission_id VARCHAR NOT NULL, 
	waiver_id VARCHAR NOT NULL, 
	rule_id VARCHAR NOT NULL, 
	target_table VARCHAR NOT NULL, 
	target_field VARCHAR, 
	reason TEXT NOT NULL, 
	role VARCHAR NOT NULL, 
	decided_on DATE NOT NULL, 
	expires_on DATE NOT NULL, 
	findings BIGINT NOT NULL
);

CREATE TABLE IF NOT EXISTS raw."column" (
	submission_id VARCHAR NOT NULL, 
	sheet VARCHAR NOT NULL, 
	column_number INTEGER NOT NULL, 
	column_letter VARCHAR NOT NULL, 
	heading VARCHAR, 
	target_table VARCHAR, 
	target_field VARCHAR
);

CREATE TABLE IF NOT EXISTS raw.event (
	submission_id VARCHAR NOT NULL, 
	event VARCHAR NOT NULL, 
	reason VARCHAR NOT NULL, 
	happened_at TIMESTAMP WITHOUT TIME ZONE NOT NULL
);

CREATE TABLE IF NOT EXISTS raw.record (
	submission_id VARCHAR NOT NULL, 
	sheet VARCHAR NOT NULL, 
	source_row INTEGER NOT NULL, 
	cells VARCHAR[] NOT NULL, 
	kinds VARCHAR
);

CREATE TABLE IF NOT EXISTS raw.submission (
	submission_id VARCHAR NOT NULL, 
	series VARCHAR NOT NULL, 
	version_number INTEGER NOT NULL, 
	supersedes VARCHAR, 
	sender VARCHAR NOT NULL, 
	territory VARCHAR, 
	period_start DATE, 
	period_end DATE, 
	released DATE, 
	use VARCHAR NOT NULL, 
	made_data BOOLEAN NOT NULL, 
	profile VARCHAR NOT NULL, 
	profile_sha256 VARCHAR NOT NULL, 
	standard_version VARCHAR NOT NULL, 
	standard_sha256 VARCHAR NOT NULL, 
	rows_sha256 VARCHAR, 
	program_sha256 VARCHAR, 
	file_name VARCHAR NOT NULL, 
	file_sha256 VARCHAR NOT NULL, 
	file_bytes BIGINT NOT NULL, 
	encoding VARCHAR, 
	received_at TIMESTAMP WITHOUT TIME ZONE NOT NULL, 
	status VARCHAR NOT NULL, 
	rows_read BIGINT NOT NULL, 
	answers_sha256 VARCHAR, 
	PRIMARY KEY (submission_id)
);

CREATE TABLE IF NOT EXISTS ref.code (
	codelist VARCHAR NOT NULL, 
	code VARCHAR NOT NULL, 
	parent VARCHAR, 
	kind VARCHAR NOT NULL, 
	position INTEGER NOT NULL, 
	label VARCHAR NOT NULL
);

CREATE TABLE IF NOT EXISTS ref.code_attribute (
	codelist VARCHAR NOT NULL, 
	code VARCHAR NOT NULL, 
	attribute VARCHAR NOT NULL, 
	value VARCHAR
);

CREATE TABLE IF NOT EXISTS ref.known_mismatch (
	territory_id VARCHAR NOT NULL, 
	reference_year INTEGER NOT NULL, 
	rule_id VARCHAR NOT NULL, 
	what VARCHAR NOT NULL
);

CREATE TABLE IF NOT EXISTS ref.population (
	territory_id VARCHAR NOT NULL, 
	year INTEGER NOT NULL, 
	population BIGINT NOT NULL, 
	includes_kosovo VARCHAR
);

CREATE TABLE IF NOT EXISTS ref.published_figure (
	figure_id VARCHAR NOT NULL, 
	territory_id VARCHAR NOT NULL, 
	reference_year INTEGER NOT NULL, 
	population VARCHAR NOT NULL, 
	breakdown VARCHAR NOT NULL, 
	category VARCHAR NOT NULL, 
	sex VARCHAR NOT NULL, 
	age_group VARCHAR NOT NULL, 
	value DOUBLE PRECISION NOT NULL, 
	unit VARCHAR NOT NULL, 
	source_title VARCHAR NOT NULL, 
	source_url VARCHAR NOT NULL, 
	published_year INTEGER NOT NULL, 
	note VARCHAR
);

CREATE TABLE IF NOT EXISTS ref.territory_group (
	group_id VARCHAR NOT NULL, 
	territory_id VARCHAR NOT NULL, 
	year_from INTEGER, 
	year_to INTEGER
);

CREATE TABLE IF NOT EXISTS staged.aggregate_cell (
	submission_id VARCHAR NOT NULL, 
	sheet VARCHAR NOT NULL, 
	source_row INTEGER NOT NULL, 
	source_part SMALLINT NOT NULL, 
	aggregate_reference VARCHAR, 
	territory VARCHAR, 
	reference_year SMALLINT, 
	reference_year_missing VARCHAR, 
	population VARCHAR, 
	breakdown VARCHAR, 
	category VARCHAR, 
	category_territory VARCHAR, 
	sex VARCHAR, 
	age_group VARCHAR, 
	unit VARCHAR, 
	value INTEGER, 
	value_missing VARCHAR, 
	value_qualifier VARCHAR, 
	base_population VARCHAR, 
	source VARCHAR, 
	vintage DATE, 
	vintage_precision VARCHAR, 
	vintage_missing VARCHAR
);

CREATE TABLE IF NOT EXISTS staged.assistance_episode (
	submission_id VARCHAR NOT NULL, 
	sheet VARCHAR NOT NULL, 
	source_row INTEGER NOT NULL, 
	source_part SMALLINT NOT NULL, 
	assistance_reference VARCHAR, 
	person_reference VARCHAR, 
	lead_organisation VARCHAR, 
	territory VARCHAR, 
	identification_reference VARCHAR, 
	episode_reference VARCHAR, 
	assistance_context VARCHAR, 
	victim_relation VARCHAR, 
	entry_channel VARCHAR, 
	through_referral_mechanism VARCHAR, 
	offered_date DATE, 
	offered_date_precision VARCHAR, 
	offered_date_missing VARCHAR, 
	assistance_start_date DATE, 
	assistance_start_date_precision VARCHAR, 
	assistance_start_date_missing VARCHAR, 
	first_service_date DATE, 
	first_service_date_precision VARCHAR, 
	first_service_date_missing VARCHAR, 
	assistance_end_date DATE, 
	assistance_end_date_precision VARCHAR, 
	assistance_end_date_missing VARCHAR, 
	age_at_assistance_start INTEGER, 
	age_at_assistance_start_missing VARCHAR, 
	minor_at_assistance_start VARCHAR, 
	number_of_dependants INTEGER, 
	number_of_dependants_missing VARCHAR, 
	assistance_plan VARCHAR, 
	risk_assessed VARCHAR, 
	guardian_appointed VARCHAR, 
	guardian_date DATE, 
	guardian_date_precision VARCHAR, 
	guardian_date_missing VARCHAR, 
	cooperation VARCHAR, 
	reintegration_stage VARCHAR, 
	case_status VARCHAR, 
	closure_reason VARCHAR, 
	living_at_end VARCHAR, 
	work_at_end VARCHAR, 
	education_at_end VARCHAR, 
	victim_relation_derived VARCHAR, 
	minor_at_assistance_start_derived VARCHAR
);

CREATE TABLE IF NOT EXISTS staged.compensation (
	submission_id VARCHAR NOT NULL, 
	sheet VARCHAR NOT NULL, 
	source_row INTEGER NOT NULL, 
	source_part SMALLINT NOT NULL, 
	compensation_reference VARCHAR, 
	person_reference VARCHAR, 
	territory VARCHAR, 
	compensation_source VARCHAR, 
	claim_date DATE, 
	claim_date_precision VARCHAR, 
	claim_date_missing VARCHAR, 
	decided_date DATE, 
	decided_date_precision VARCHAR, 
	decided_date_missing VARCHAR, 
	compensation_result VARCHAR, 
	awarded_euro DOUBLE PRECISION, 
	awarded_euro_missing VARCHAR, 
	paid_euro DOUBLE PRECISION, 
	paid_euro_missing VARCHAR
);

CREATE TABLE IF NOT EXISTS staged.follow_up (
	submission_id VARCHAR NOT NULL, 
	sheet VARCHAR NOT NULL, 
	source_row INTEGER NOT NULL, 
	source_part SMALLINT NOT NULL, 
	follow_up_reference VARCHAR, 
	person_reference VARCHAR, 
	assistance_reference VARCHAR, 
	due_month INTEGER, 
	due_month_missing VARCHAR, 
	contact_date DATE, 
	contact_date_precision VARCHAR, 
	contact_date_missing VARCHAR, 
	follow_up_method VARCHAR, 
	follow_up_result VARCHAR, 
	housing_score INTEGER, 
	housing_score_missing VARCHAR, 
	legal_score INTEGER, 
	legal_score_missing VARCHAR, 
	income_score INTEGER, 
	income_score_missing VARCHAR, 
	work_score INTEGER, 
	work_score_missing VARCHAR, 
	education_score INTEGER, 
	education_score_missing VARCHAR, 
	safety_score INTEGER, 
	safety_score_missing VARCHAR, 
	family_score INTEGER, 
	family_score_missing VARCHAR, 
	social_score INTEGER, 
	social_score_missing VARCHAR, 
	physical_health_score INTEGER, 
	physical_health_score_missing VARCHAR, 
	mental_health_score INTEGER, 
	mental_health_score_missing VARCHAR, 
	access_score INTEGER, 
	access_score_missing VARCHAR, 
	sustainability_total DOUBLE PRECISION, 
	sustainability_total_missing VARCHAR, 
	sustainability_economic DOUBLE PRECISION, 
	sustainability_economic_missing VARCHAR, 
	sustainability_social DOUBLE PRECISION, 
	sustainability_social_missing VARCHAR, 
	sustainability_psychosocial DOUBLE PRECISION, 
	sustainability_psychosocial_missing VARCHAR, 
	retrafficked VARCHAR
);

CREATE TABLE IF NOT EXISTS staged.identification (
	submission_id VARCHAR NOT NULL, 
	sheet VARCHAR NOT NULL, 
	source_row INTEGER NOT NULL, 
	source_part SMALLINT NOT NULL, 
	identification_reference VARCHAR, 
	person_reference VARCHAR, 
	episode_reference VARCHAR, 
	organisation VARCHAR, 
	territory VARCHAR, 
	identification_date DATE, 
	identification_date_precision VARCHAR, 
	identification_date_missing VARCHAR, 
	identification_status VARCHAR, 
	decision_organisation VARCHAR, 
	identification_method VARCHAR, 
	first_contact_organisation VARCHAR, 
	days_first_contact_to_decision INTEGER, 
	days_first_contact_to_decision_missing VARCHAR, 
	age_at_identification INTEGER, 
	age_at_identification_missing VARCHAR, 
	stated_age_band_at_identification VARCHAR, 
	minor_at_identification VARCHAR, 
	age_assessment VARCHAR, 
	detained_or_fined_before VARCHAR, 
	risk_level VARCHAR, 
	age_band_at_identification VARCHAR, 
	minor_at_identification_derived VARCHAR, 
	aged_in VARCHAR
);

CREATE TABLE IF NOT EXISTS staged.justice (
	submission_id VARCHAR NOT NULL, 
	sheet VARCHAR NOT NULL, 
	source_row INTEGER NOT NULL, 
	source_part SMALLINT NOT NULL, 
	justice_reference VARCHAR, 
	person_reference VARCHAR, 
	territory VARCHAR, 
	proceeding VARCHAR, 
	justice_role VARCHAR, 
	legal_aid VARCHAR, 
	protected_measures VARCHAR, 
	proceeding_start_date DATE, 
	proceeding_start_date_precision VARCHAR, 
	proceeding_start_date_missing VARCHAR, 
	justice_outcome VARCHAR
);

CREATE TABLE IF NOT EXISTS staged.legal_status (
	submission_id VARCHAR NOT NULL, 
	sheet VARCHAR NOT NULL, 
	source_row INTEGER NOT NULL, 
	source_part SMALLINT NOT NULL, 
	legal_status_reference VARCHAR, 
	person_reference VARCHAR, 
	territory VARCHAR, 
	legal_status_kind VARCHAR, 
	legal_status_basis VARCHAR, 
	applied_date DATE, 
	applied_date_precision VARCHAR, 
	applied_date_missing VARCHAR, 
	decided_date DATE, 
	decided_date_precision VARCHAR, 
	decided_date_missing VARCHAR, 
	legal_status_result VARCHAR, 
	valid_from DATE, 
	valid_from_precision VARCHAR, 
	valid_from_missing VARCHAR, 
	valid_to DATE, 
	valid_to_precision VARCHAR, 
	valid_to_missing VARCHAR
);

CREATE TABLE IF NOT EXISTS staged.need (
	submission_id VARCHAR NOT NULL, 
	sheet VARCHAR NOT NULL, 
	source_row INTEGER NOT NULL, 
	source_part SMALLINT NOT NULL, 
	assistance_reference VARCHAR, 
	service VARCHAR, 
	need_level VARCHAR, 
	need_met VARCHAR, 
	barrier VARCHAR
);

CREATE TABLE IF NOT EXISTS staged.offer (
	submission_id VARCHAR NOT NULL, 
	sheet VARCHAR NOT NULL, 
	source_row INTEGER NOT NULL, 
	source_part SMALLINT NOT NULL, 
	offer_reference VARCHAR, 
	person_reference VARCHAR, 
	organisation VARCHAR, 
	territory VARCHAR, 
	offer_date DATE, 
	offer_date_precision VARCHAR, 
	offer_date_missing VARCHAR, 
	offer_scope VARCHAR, 
	offer_response VARCHAR, 
	decline_reason VARCHAR
);

CREATE TABLE IF NOT EXISTS staged.organisation (
	submission_id VARCHAR NOT NULL, 
	sheet VARCHAR NOT NULL, 
	source_row INTEGER NOT NULL, 
	source_part SMALLINT NOT NULL, 
	organisation_id VARCHAR, 
	organisation_name VARCHAR, 
	territory VARCHAR, 
	organisation_type VARCHAR, 
	organisation_role VARCHAR[], 
	may_identify VARCHAR, 
	active_from DATE, 
	active_from_precision VARCHAR, 
	active_from_missing VARCHAR, 
	active_to DATE, 
	active_to_precision VARCHAR, 
	active_to_missing VARCHAR
);

CREATE TABLE IF NOT EXISTS staged.person (
	submission_id VARCHAR NOT NULL, 
	sheet VARCHAR NOT NULL, 
	source_row INTEGER NOT NULL, 
	source_part SMALLINT NOT NULL, 
	person_reference VARCHAR, 
	linkage_token_strict VARCHAR, 
	linkage_token_document VARCHAR, 
	linkage_token_1 VARCHAR, 
	linkage_token_2 VARCHAR, 
	linkage_token_3 VARCHAR, 
	linkage_token_4 VARCHAR, 
	linkage_token_5 VARCHAR, 
	linkage_token_6 VARCHAR, 
	national_reference_token VARCHAR, 
	sex VARCHAR, 
	gender VARCHAR, 
	birth_year SMALLINT, 
	birth_year_missing VARCHAR, 
	citizenship VARCHAR, 
	further_citizenship VARCHAR[], 
	stateless VARCHAR, 
	residence_territory VARCHAR, 
	residence_area VARCHAR, 
	ethnicity_group VARCHAR, 
	education VARCHAR, 
	education_completed VARCHAR, 
	marital_status VARCHAR, 
	has_children VARCHAR, 
	number_of_children INTEGER, 
	number_of_children_missing VARCHAR, 
	living_with VARCHAR, 
	economic_situation VARCHAR, 
	work_before VARCHAR, 
	prior_violence VARCHAR, 
	disability VARCHAR, 
	background_as_of VARCHAR
);

CREATE TABLE IF NOT EXISTS staged.referral (
	submission_id VARCHAR NOT NULL, 
	sheet VARCHAR NOT NULL, 
	source_row INTEGER NOT NULL, 
	source_part SMALLINT NOT NULL, 
	referral_reference VARCHAR, 
	person_reference VARCHAR, 
	from_organisation VARCHAR, 
	to_organisation VARCHAR, 
	from_territory VARCHAR, 
	to_territory VARCHAR, 
	referral_date DATE, 
	referral_date_precision VARCHAR, 
	referral_date_missing VARCHAR, 
	accepted_date DATE, 
	accepted_date_precision VARCHAR, 
	accepted_date_missing VARCHAR, 
	referral_reason VARCHAR, 
	through_referral_mechanism VARCHAR, 
	referral_result VARCHAR
);

CREATE TABLE IF NOT EXISTS staged.return_event (
	submission_id VARCHAR NOT NULL, 
	sheet VARCHAR NOT NULL, 
	source_row INTEGER NOT NULL, 
	source_part SMALLINT NOT NULL, 
	return_reference VARCHAR, 
	person_reference VARCHAR, 
	from_territory VARCHAR, 
	to_territory VARCHAR, 
	return_date DATE, 
	return_date_precision VARCHAR, 
	return_date_missing VARCHAR, 
	return_type VARCHAR, 
	organiser_type VARCHAR, 
	risk_assessed VARCHAR, 
	met_on_arrival VARCHAR, 
	referred_to_organisation VARCHAR
);

CREATE TABLE IF NOT EXISTS staged.route_leg (
	submission_id VARCHAR NOT NULL, 
	sheet VARCHAR NOT NULL, 
	source_row INTEGER NOT NULL, 
	source_part SMALLINT NOT NULL, 
	episode_reference VARCHAR, 
	leg_number INTEGER, 
	leg_number_missing VARCHAR, 
	from_territory VARCHAR, 
	to_territory VARCHAR, 
	border_crossed VARCHAR, 
	transport VARCHAR, 
	transport_leg_legality VARCHAR
);

CREATE TABLE IF NOT EXISTS staged.scorecard (
	submission_id VARCHAR NOT NULL, 
	sheet VARCHAR NOT NULL, 
	source_row INTEGER NOT NULL, 
	source_part SMALLINT NOT NULL, 
	territory VARCHAR, 
	reference_year SMALLINT, 
	reference_year_missing VARCHAR, 
	indicator VARCHAR, 
	level VARCHAR, 
	stage VARCHAR, 
	value DOUBLE PRECISION, 
	value_missing VARCHAR, 
	answer VARCHAR, 
	date_value DATE, 
	date_value_precision VARCHAR, 
	date_value_missing VARCHAR, 
	evidence_title VARCHAR, 
	evidence_url VARCHAR, 
	evidence_date DATE, 
	evidence_date_precision VARCHAR, 
	evidence_date_missing VARCHAR, 
	evidence_status VARCHAR
);

CREATE TABLE IF NOT EXISTS staged.service (
	submission_id VARCHAR NOT NULL, 
	sheet VARCHAR NOT NULL, 
	source_row INTEGER NOT NULL, 
	source_part SMALLINT NOT NULL, 
	service_reference VARCHAR, 
	assistance_reference VARCHAR, 
	service VARCHAR, 
	service_start_date DATE, 
	service_start_date_precision VARCHAR, 
	service_start_date_missing VARCHAR, 
	service_end_date DATE, 
	service_end_date_precision VARCHAR, 
	service_end_date_missing VARCHAR, 
	units DOUBLE PRECISION, 
	units_missing VARCHAR, 
	service_unit VARCHAR, 
	provider_organisation VARCHAR, 
	provider_type VARCHAR, 
	funder VARCHAR, 
	service_outcome VARCHAR
);

CREATE TABLE IF NOT EXISTS staged.submission (
	submission_id VARCHAR NOT NULL, 
	sheet VARCHAR NOT NULL, 
	source_row INTEGER NOT NULL, 
	source_part SMALLINT NOT NULL, 
	organisation VARCHAR, 
	territory VARCHAR, 
	period_start DATE, 
	period_start_precision VARCHAR, 
	period_start_missing VARCHAR, 
	period_end DATE, 
	period_end_precision VARCHAR, 
	period_end_missing VARCHAR, 
	version_number INTEGER, 
	version_number_missing VARCHAR, 
	replaces_version INTEGER, 
	replaces_version_missing VARCHAR, 
	submission_kind VARCHAR, 
	coverage VARCHAR, 
	coverage_note VARCHAR[], 
	definition_identified VARCHAR, 
	count_basis VARCHAR, 
	kosovo_basis VARCHAR, 
	consent_basis VARCHAR, 
	submission_reference VARCHAR
);

CREATE TABLE IF NOT EXISTS staged.trafficking_episode (
	submission_id VARCHAR NOT NULL, 
	sheet VARCHAR NOT NULL, 
	source_row INTEGER NOT NULL, 
	source_part SMALLINT NOT NULL, 
	episode_reference VARCHAR, 
	person_reference VARCHAR, 
	episode_number INTEGER, 
	episode_number_missing VARCHAR, 
	recruitment_date DATE, 
	recruitment_date_precision VARCHAR, 
	recruitment_date_missing VARCHAR, 
	recruitment_territory VARCHAR, 
	age_at_entry INTEGER, 
	age_at_entry_missing VARCHAR, 
	minor_at_entry VARCHAR, 
	reason_for_leaving VARCHAR[], 
	reason_for_leaving_no VARCHAR[], 
	recruitment_channel VARCHAR[], 
	recruitment_channel_no VARCHAR[], 
	recruitment_application VARCHAR[], 
	recruitment_application_no VARCHAR[], 
	recruiter_relation VARCHAR[], 
	recruiter_relation_no VARCHAR[], 
	recruiter_sex VARCHAR, 
	recruiter_citizenship VARCHAR, 
	promise VARCHAR, 
	promised_job VARCHAR, 
	aware_of_sexual_work VARCHAR, 
	abducted VARCHAR, 
	times_sold INTEGER, 
	times_sold_missing VARCHAR, 
	border_crossed VARCHAR, 
	crossing VARCHAR, 
	travel_document VARCHAR, 
	document_cost_payer VARCHAR, 
	documents_withheld VARCHAR, 
	transport VARCHAR, 
	travelled_with VARCHAR, 
	exploited_at_all VARCHAR, 
	exploitation_start_date DATE, 
	exploitation_start_date_precision VARCHAR, 
	exploitation_start_date_missing VARCHAR, 
	exploitation_end_date DATE, 
	exploitation_end_date_precision VARCHAR, 
	exploitation_end_date_missing VARCHAR, 
	exploitation_main_territory VARCHAR, 
	exploitation_last_territory VARCHAR, 
	exploitation_territory_is_proxy VARCHAR, 
	age_at_exploitation_start INTEGER, 
	age_at_exploitation_start_missing VARCHAR, 
	minor_at_exploitation VARCHAR, 
	exploitation_form VARCHAR[], 
	exploitation_form_no VARCHAR[], 
	labour_sector VARCHAR[], 
	labour_sector_no VARCHAR[], 
	exploitation_venue VARCHAR[], 
	exploitation_venue_no VARCHAR[], 
	trafficking_act VARCHAR[], 
	trafficking_act_no VARCHAR[], 
	trafficking_means VARCHAR[], 
	trafficking_means_no VARCHAR[], 
	means_of_control VARCHAR[], 
	means_of_control_no VARCHAR[], 
	freedom_of_movement VARCHAR, 
	debt VARCHAR, 
	earnings_kept VARCHAR, 
	abuse VARCHAR[], 
	abuse_no VARCHAR[], 
	health_consequence VARCHAR[], 
	health_consequence_no VARCHAR[], 
	months_exploited DOUBLE PRECISION, 
	months_exploited_missing VARCHAR, 
	stated_duration_band VARCHAR, 
	exit_date DATE, 
	exit_date_precision VARCHAR, 
	exit_date_missing VARCHAR, 
	exit_from_trafficking VARCHAR, 
	exploitation_territory VARCHAR, 
	flow VARCHAR, 
	exploitation_group VARCHAR, 
	duration_band VARCHAR, 
	minor_at_entry_derived VARCHAR, 
	minor_at_exploitation_derived VARCHAR, 
	age_band_at_entry VARCHAR, 
	is_repeat VARCHAR
);

CREATE OR REPLACE VIEW quality.field_completeness AS SELECT submission_id, 'person' AS target_table, 'sex' AS target_field, count(*) FILTER ((CASE WHEN "sex" IS NULL THEN 'NAS' WHEN "sex" IN ('UNK', 'NAS', 'REF', 'NAP', 'SUP') THEN "sex" END) IS NULL) AS known, count(*) FILTER ((CASE WHEN "sex" IS NULL THEN 'NAS' WHEN "sex" IN ('UNK', 'NAS', 'REF', 'NAP', 'SUP') THEN "sex" END) IS NULL OR (CASE WHEN "sex" IS NULL THEN 'NAS' WHEN "sex" IN ('UNK', 'NAS', 'REF', 'NAP', 'SUP') THEN "sex" END) NOT IN ('NAP')) AS required FROM staged."person" GROUP BY submission_id UNION ALL SELECT submission_id, 'person' AS target_table, 'citizenship' AS target_field, count(*) FILTER ((CASE WHEN "citizenship" IS NULL THEN 'NAS' WHEN "citizenship" IN ('UNK', 'NAS', 'REF', 'NAP', 'SUP') THEN "citizenship" END) IS NULL) AS known, count(*) FILTER ((CASE WHEN "citizenship" IS NULL THEN 'NAS' WHEN "citizenship" IN ('UNK', 'NAS', 'REF', 'NAP', 'SUP') THEN "citizenship" END) IS NULL OR (CASE WHEN "citizenship" IS NULL THEN 'NAS' WHEN "citizenship" IN ('UNK', 'NAS', 'REF', 'NAP', 'SUP') THEN "citizenship" END) NOT IN ('NAP')) AS required FROM staged."person" GROUP BY submission_id UNION ALL SELECT submission_id, 'identification' AS target_table, 'identification_date' AS target_field, count(*) FILTER ((CASE WHEN "identification_date" IS NULL THEN coalesce("identification_date_missing", 'NAS') END) IS NULL) AS known, count(*) FILTER ((CASE WHEN "identification_date" IS NULL THEN coalesce("identification_date_missing", 'NAS') END) IS NULL OR (CASE WHEN "identification_date" IS NULL THEN coalesce("identification_date_missing", 'NAS') END) NOT IN ('NAP')) AS required FROM staged."identification" GROUP BY submission_id UNION ALL SELECT submission_id, 'identification' AS target_table, 'identification_status' AS target_field, count(*) FILTER ((CASE WHEN "identification_status" IS NULL THEN 'NAS' WHEN "identification_status" IN ('UNK', 'NAS', 'REF', 'NAP', 'SUP') THEN "identification_status" END) IS NULL) AS known, count(*) FILTER ((CASE WHEN "identification_status" IS NULL THEN 'NAS' WHEN "identification_status" IN ('UNK', 'NAS', 'REF', 'NAP', 'SUP') THEN "identification_status" END) IS NULL OR (CASE WHEN "identification_status" IS NULL THEN 'NAS' WHEN "identification_status" IN ('UNK', 'NAS', 'REF', 'NAP', 'SUP') THEN "identification_status" END) NOT IN ('NAP')) AS required FROM staged."identification" GROUP BY submission_id UNION ALL SELECT submission_id, 'identification' AS target_table, 'age_band_at_identification' AS target_field, count(*) FILTER ((CASE WHEN "age_band_at_identification" IS NULL THEN 'NAS' WHEN "age_band_at_identification" IN ('UNK', 'NAS', 'REF', 'NAP', 'SUP') THEN "age_band_at_identification" END) IS NULL) AS known, count(*) FILTER ((CASE WHEN "age_band_at_identification" IS NULL THEN 'NAS' WHEN "age_band_at_identification" IN ('UNK', 'NAS', 'REF', 'NAP', 'SUP') THEN "age_band_at_identification" END) IS NULL OR (CASE WHEN "age_band_at_identification" IS NULL THEN 'NAS' WHEN "age_band_at_identification" IN ('UNK', 'NAS', 'REF', 'NAP', 'SUP') THEN "age_band_at_identification" END) NOT IN ('NAP')) AS required FROM staged."identification" GROUP BY submission_id UNION ALL SELECT submission_id, 'identification' AS target_table, 'minor_at_identification_derived' AS target_field, count(*) FILTER ((CASE WHEN "minor_at_identification_derived" IS NULL THEN 'NAS' WHEN "minor_at_identification_derived" IN ('UNK', 'NAS', 'REF', 'NAP', 'SUP') THEN "minor_at_identification_derived" END) IS NULL) AS known, count(*) FILTER ((CASE WHEN "minor_at_identification_derived" IS NULL THEN 'NAS' WHEN "minor_at_identification_derived" IN ('UNK', 'NAS', 'REF', 'NAP', 'SUP') THEN "minor_at_identification_derived" END) IS NULL OR (CASE WHEN "minor_at_identification_derived" IS NULL THEN 'NAS' WHEN "minor_at_identification_derived" IN ('UNK', 'NAS', 'REF', 'NAP', 'SUP') THEN "minor_at_identification_derived" END) NOT IN ('NAP')) AS required FROM staged."identification" GROUP BY submission_id UNION ALL SELECT submission_id, 'trafficking_episode' AS target_table, 'exploitation_form' AS target_field, count(*) FILTER ((CASE WHEN "exploitation_form" IS NULL THEN 'NAS' WHEN len("exploitation_form") > 0 AND list_has_all(['UNK', 'NAS', 'REF', 'NAP', 'SUP'], "exploitation_form") THEN "exploitation_form"[1] END) IS NULL) AS known, count(*) FILTER ((CASE WHEN "exploitation_form" IS NULL THEN 'NAS' WHEN len("exploitation_form") > 0 AND list_has_all(['UNK', 'NAS', 'REF', 'NAP', 'SUP'], "exploitation_form") THEN "exploitation_form"[1] END) IS NULL OR (CASE WHEN "exploitation_form" IS NULL THEN 'NAS' WHEN len("exploitation_form") > 0 AND list_has_all(['UNK', 'NAS', 'REF', 'NAP', 'SUP'], "exploitation_form") THEN "exploitation_form"[1] END) NOT IN ('NAP')) AS required FROM staged."trafficking_episode" GROUP BY submission_id UNION ALL SELECT submission_id, 'trafficking_episode' AS target_table, 'exploitation_territory' AS target_field, count(*) FILTER ((CASE WHEN "exploitation_territory" IS NULL THEN 'NAS' WHEN "exploitation_territory" IN ('UNK', 'NAS', 'REF', 'NAP', 'SUP') THEN "exploitation_territory" END) IS NULL) AS known, count(*) FILTER ((CASE WHEN "exploitation_territory" IS NULL THEN 'NAS' WHEN "exploitation_territory" IN ('UNK', 'NAS', 'REF', 'NAP', 'SUP') THEN "exploitation_territory" END) IS NULL OR (CASE WHEN "exploitation_territory" IS NULL THEN 'NAS' WHEN "exploitation_territory" IN ('UNK', 'NAS', 'REF', 'NAP', 'SUP') THEN "exploitation_territory" END) NOT IN ('NAP')) AS required FROM staged."trafficking_episode" GROUP BY submission_id UNION ALL SELECT submission_id, 'trafficking_episode' AS target_table, 'flow' AS target_field, count(*) FILTER ((CASE WHEN "flow" IS NULL THEN 'NAS' WHEN "flow" IN ('UNK', 'NAS', 'REF', 'NAP', 'SUP') THEN "flow" END) IS NULL) AS known, count(*) FILTER ((CASE WHEN "flow" IS NULL THEN 'NAS' WHEN "flow" IN ('UNK', 'NAS', 'REF', 'NAP', 'SUP') THEN "flow" END) IS NULL OR (CASE WHEN "flow" IS NULL THEN 'NAS' WHEN "flow" IN ('UNK', 'NAS', 'REF', 'NAP', 'SUP') THEN "flow" END) NOT IN ('NAP')) AS required FROM staged."trafficking_episode" GROUP BY submission_id UNION ALL SELECT submission_id, 'assistance_episode' AS target_table, 'assistance_start_date' AS target_field, count(*) FILTER ((CASE WHEN "assistance_start_date" IS NULL THEN coalesce("assistance_start_date_missing", 'NAS') END) IS NULL) AS known, count(*) FILTER ((CASE WHEN "assistance_start_date" IS NULL THEN coalesce("assistance_start_date_missing", 'NAS') END) IS NULL OR (CASE WHEN "assistance_start_date" IS NULL THEN coalesce("assistance_start_date_missing", 'NAS') END) NOT IN ('NAP')) AS required FROM staged."assistance_episode" GROUP BY submission_id UNION ALL SELECT submission_id, 'assistance_episode' AS target_table, 'closure_reason' AS target_field, count(*) FILTER ((CASE WHEN "closure_reason" IS NULL THEN 'NAS' WHEN "closure_reason" IN ('UNK', 'NAS', 'REF', 'NAP', 'SUP') THEN "closure_reason" END) IS NULL) AS known, count(*) FILTER ((CASE WHEN "closure_reason" IS NULL THEN 'NAS' WHEN "closure_reason" IN ('UNK', 'NAS', 'REF', 'NAP', 'SUP') THEN "closure_reason" END) IS NULL OR (CASE WHEN "closure_reason" IS NULL THEN 'NAS' WHEN "closure_reason" IN ('UNK', 'NAS', 'REF', 'NAP', 'SUP') THEN "closure_reason" END) NOT IN ('NAP')) AS required FROM staged."assistance_episode" GROUP BY submission_id UNION ALL SELECT submission_id, 'assistance_episode' AS target_table, 'victim_relation_derived' AS target_field, count(*) FILTER ((CASE WHEN "victim_relation_derived" IS NULL THEN 'NAS' WHEN "victim_relation_derived" IN ('UNK', 'NAS', 'REF', 'NAP', 'SUP') THEN "victim_relation_derived" END) IS NULL) AS known, count(*) FILTER ((CASE WHEN "victim_relation_derived" IS NULL THEN 'NAS' WHEN "victim_relation_derived" IN ('UNK', 'NAS', 'REF', 'NAP', 'SUP') THEN "victim_relation_derived" END) IS NULL OR (CASE WHEN "victim_relation_derived" IS NULL THEN 'NAS' WHEN "victim_relation_derived" IN ('UNK', 'NAS', 'REF', 'NAP', 'SUP') THEN "victim_relation_derived" END) NOT IN ('NAP')) AS required FROM staged."assistance_episode" GROUP BY submission_id UNION ALL SELECT submission_id, 'service' AS target_table, 'service' AS target_field, count(*) FILTER ((CASE WHEN "service" IS NULL THEN 'NAS' WHEN "service" IN ('UNK', 'NAS', 'REF', 'NAP', 'SUP') THEN "service" END) IS NULL) AS known, count(*) FILTER ((CASE WHEN "service" IS NULL THEN 'NAS' WHEN "service" IN ('UNK', 'NAS', 'REF', 'NAP', 'SUP') THEN "service" END) IS NULL OR (CASE WHEN "service" IS NULL THEN 'NAS' WHEN "service" IN ('UNK', 'NAS', 'REF', 'NAP', 'SUP') THEN "service" END) NOT IN ('NAP')) AS required FROM staged."service" GROUP BY submission_id;

CREATE OR REPLACE VIEW quality.data_rows AS SELECT submission_id, count(DISTINCT (sheet, source_row)) AS rows FROM (SELECT submission_id, sheet, source_row FROM staged."person" UNION ALL SELECT submission_id, sheet, source_row FROM staged."identification" UNION ALL SELECT submission_id, sheet, source_row FROM staged."trafficking_episode" UNION ALL SELECT submission_id, sheet, source_row FROM staged."route_leg" UNION ALL SELECT submission_id, sheet, source_row FROM staged."assistance_episode" UNION ALL SELECT submission_id, sheet, source_row FROM staged."service" UNION ALL SELECT submission_id, sheet, source_row FROM staged."need" UNION ALL SELECT submission_id, sheet, source_row FROM staged."offer" UNION ALL SELECT submission_id, sheet, source_row FROM staged."referral" UNION ALL SELECT submission_id, sheet, source_row FROM staged."legal_status" UNION ALL SELECT submission_id, sheet, source_row FROM staged."return_event" UNION ALL SELECT submission_id, sheet, source_row FROM staged."justice" UNION ALL SELECT submission_id, sheet, source_row FROM staged."compensation" UNION ALL SELECT submission_id, sheet, source_row FROM staged."follow_up" UNION ALL SELECT submission_id, sheet, source_row FROM staged."aggregate_cell" UNION ALL SELECT submission_id, sheet, source_row FROM staged."scorecard") GROUP BY submission_id;

CREATE OR REPLACE VIEW quality.by_submission AS 
WITH complete AS (
  SELECT submission_id, avg(known / required) AS completeness
  FROM quality.field_completeness WHERE required > 0 GROUP BY submission_id
),
faults AS (
  SELECT r.submission_id, 1 - count(DISTINCT (f.sheet, f.source_row)) FILTER (f.dimension = 'validity' AND f.severity IN ('error', 'warning') AND NOT f.waived AND f.source_row IS NOT NULL) / nullif(any_value(d.rows), 0) AS validity, 1 - count(DISTINCT (f.sheet, f.source_row)) FILTER (f.dimension = 'consistency' AND f.severity IN ('error', 'warning') AND NOT f.waived AND f.source_row IS NOT NULL) / nullif(any_value(d.rows), 0) AS consistency,
    count(*) FILTER (f.dimension = 'uniqueness' AND f.severity <> 'information') AS duplicates,
    count(*) FILTER (f.severity IN ('block', 'error') AND NOT f.waived) AS errors,
    count(*) FILTER (f.severity = 'warning' AND NOT f.waived) AS warnings
  FROM raw.submission AS r
  LEFT JOIN quality.data_rows AS d ON d.submission_id = r.submission_id
  LEFT JOIN quality.finding AS f ON f.submission_id = r.submission_id
  GROUP BY r.submission_id
),
judged AS (
  SELECT s.submission_id, s.series, s.version_number, s.sender, s.territory, s.period_start, s.period_end,
    year(s.period_end) AS reference_year, s.status, s.use, s.made_data, coalesce(d.rows, 0) AS rows,
    c.completeness, f.validity, f.consistency, date_diff('day', s.period_end, s.received_at::DATE) AS days_after_period,
    f.duplicates, f.errors, f.warnings, coalesce((SELECT sum(t.findings) FROM quality.waiver AS t WHERE t.submission_id = s.submission_id), 0)::BIGINT AS waived, coalesce((SELECT sum(t.findings) FROM quality.answer AS t WHERE t.submission_id = s.submission_id), 0)::BIGINT AS answered, coalesce((SELECT sum(t.cells) FROM quality.correction AS t WHERE t.submission_id = s.submission_id), 0)::BIGINT AS corrected
  FROM raw.submission AS s
  JOIN faults AS f ON f.submission_id = s.submission_id
  LEFT JOIN quality.data_rows AS d ON d.submission_id = s.submission_id
  LEFT JOIN complete AS c ON c.submission_id = s.submission_id
)
SELECT j.*, b.rows AS rows_before, b.completeness AS completeness_before, b.validity AS validity_before,
  b.consistency AS consistency_before
FROM judged AS j
LEFT JOIN judged AS b ON b.sender = j.sender AND b.territory IS NOT DISTINCT FROM j.territory AND b.status = 'ACCEPTED'
  AND b.period_end = (
    SELECT max(o.period_end) FROM raw.submission AS o
    WHERE o.sender = j.sender AND o.territory IS NOT DISTINCT FROM j.territory AND o.status = 'ACCEPTED'
      AND o.period_end < j.period_start
  )
;

CREATE OR REPLACE VIEW quality.by_year AS 
SELECT territory, reference_year, count(*) AS submissions, sum(rows)::BIGINT AS rows,
  sum(completeness * rows) / nullif(sum(rows) FILTER (completeness IS NOT NULL), 0) AS completeness,
  sum(validity * rows) / nullif(sum(rows), 0) AS validity, sum(consistency * rows) / nullif(sum(rows), 0) AS consistency,
  max(days_after_period) AS days_after_period, sum(duplicates)::BIGINT AS duplicates, sum(errors)::BIGINT AS errors,
  sum(warnings)::BIGINT AS warnings, sum(waived)::BIGINT AS waived, sum(answered)::BIGINT AS answered,
  sum(corrected)::BIGINT AS corrected, bool_or(made_data) AS made_data
FROM quality.by_submission WHERE status = 'ACCEPTED' AND use = 'count'
GROUP BY territory, reference_year
;
